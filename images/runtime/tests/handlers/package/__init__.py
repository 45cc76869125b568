"""A package with a function of the name of a module."""

from .process import process

model = process
