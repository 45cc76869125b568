"""A module whose function has its name."""


def process(payload):
    return "the function"


def other(payload):
    return "the other function"
