"""Files on the user's disk: private, atomic, locked; and the file of known keys.

May use: errors, _utils.
"""
