"""Its import fails, but not for want of a module."""


def load():
    raise ZeroDivisionError("no model")


load()
