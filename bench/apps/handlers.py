"""Handlers of the actors that are measured."""


def step(payload: dict) -> dict:
    """Do next to nothing and pass the result on."""
    return {**payload, "x": 1}
