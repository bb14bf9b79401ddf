"""A longer way to a server: `relay.py PORT SECONDS` prints its own port and delays all it relays.

What it is sent arrives at that port of this machine, and what comes back arrives here, each SECONDS
later, in order and without a limit to how much is on the way. What a new connection sends waits for
another round trip, as it does behind the handshake of TCP. It ends with its standard input.
"""

import asyncio
import contextlib
import os
import selectors
import sys

HOST = "127.0.0.1"
PIECE = 2**18


async def carry(reader, writer, delay, ready):
    """Carry one direction of a connection to its end."""
    clock = asyncio.get_running_loop().time
    under_way = asyncio.Queue()

    async def deliver():
        while True:
            due, piece = await under_way.get()
            await asyncio.sleep(due - clock())
            if not piece:
                break
            writer.write(piece)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()

    delivery = asyncio.create_task(deliver())
    piece = b"-"
    while piece:
        try:
            piece = await reader.read(PIECE)
        except OSError:
            piece = b""
        under_way.put_nowait((max(clock(), ready) + delay, piece))
    with contextlib.suppress(OSError):
        await delivery


async def main(port, delay):
    under_way = set()  # nothing else holds on to them

    async def accept(reader, writer):
        under_way.add(asyncio.current_task())
        ready = asyncio.get_running_loop().time() + 2 * delay
        far_reader, far_writer = await asyncio.open_connection(HOST, port)
        try:
            await asyncio.gather(
                carry(reader, far_writer, delay, ready), carry(far_reader, writer, delay, 0)
            )
        finally:
            writer.close()
            far_writer.close()
            under_way.discard(asyncio.current_task())

    server = await asyncio.start_server(accept, HOST, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    os._exit(0)  # whatever is still on the way


if __name__ == "__main__":
    # The usual selector counts in milliseconds.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    loop.run_until_complete(main(int(sys.argv[1]), float(sys.argv[2])))
