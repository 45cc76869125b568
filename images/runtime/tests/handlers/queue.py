"""Has the name of a module of the standard library, which the runtime uses itself."""


def process(payload):
    return "the user's queue"
