#!/usr/bin/env bash
# pyuwsgi 2.0.30 (uWSGI 2.0.30)
#
# What: --pyargv sets sys.argv of the application. Its value is cut at each space, whatever stands around it:
# quotes and backslashes do not hold words together, and stay in the words. No value gives an argument with a space.
#
# Why it matters: vantage6's server and store take the path of their configuration from sys.argv when they are
# served by uWSGI. A folder such as "study data" arrives as two arguments; the path has to go by an environment
# variable or through a link without spaces.
#
# Guess before the run: the quotes group words, as in uWSGI's other options that run commands.
#
# Output seen:
# ['uwsgi', '--config', '"study', 'data/server.yaml"']
# ['uwsgi', '--config', 'study\\', 'data/server.yaml']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q pyuwsgi==2.0.30
cat > app.py <<'PY'
import os, sys

with open(os.environ["SEEN"], "w") as file:
    file.write(repr(sys.argv))
raise SystemExit
PY
seen() {
    SEEN="$folder/seen" venv/bin/pyuwsgi --http-socket 127.0.0.1:0 --wsgi-file app.py --need-app \
        --pyargv "$1" >server.log 2>&1 || true
    cat seen
}
quoted=$(seen '--config "study data/server.yaml"')
escaped=$(seen '--config study\ data/server.yaml')
echo "$quoted"
echo "$escaped"
[ "$quoted" = "['uwsgi', '--config', '\"study', 'data/server.yaml\"']" ]
[ "$escaped" = "['uwsgi', '--config', 'study\\\\', 'data/server.yaml']" ]
