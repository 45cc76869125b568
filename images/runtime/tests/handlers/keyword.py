"""Has the name of a module of the standard library that the runtime has loaded."""


def process(payload):
    return payload
