"""Its import takes until somebody opens the named pipe for writing."""

import os

print("importing", flush=True)
with open(os.environ["PIPE"]) as pipe:
    pipe.read()


def process(payload):
    return payload
