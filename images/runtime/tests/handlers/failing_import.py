"""Its import fails for want of another module."""

import a_module_that_nobody_has


def process(payload):
    return a_module_that_nobody_has.process(payload)
