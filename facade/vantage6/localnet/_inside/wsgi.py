"""What uWSGI serves: the vantage6 server of the environment, set up from the file in argv[1]."""

import importlib
import sys

import mend as mend  # before anything of vantage6

app = importlib.import_module("vantage6.server").run_server(sys.argv[1], system_folders=False).app
