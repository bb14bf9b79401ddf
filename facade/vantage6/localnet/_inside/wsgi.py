"""What uWSGI serves: the vantage6 server of the environment, set up from the file in argv[1]."""

import functools
import importlib
import sys
from typing import Any

import mend as mend  # before anything of vantage6

# The server is the real one but for the cost of its password hashes. At their default cost the
# n-th node to log in takes n third parts of a second, since a key is compared with those of all
# nodes; and the passwords and keys here are random and gone in a moment.
bcrypt: Any = importlib.import_module("bcrypt")  # of the environment, not of the SDK
bcrypt.gensalt = functools.partial(bcrypt.gensalt, rounds=4)

app = importlib.import_module("vantage6.server").run_server(sys.argv[1], system_folders=False).app
