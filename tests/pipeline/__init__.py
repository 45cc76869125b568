"""Whole pipelines: a real broker, real sidecars and real runtimes, as the charts render them.

A package, so that its one run of many processes ends with its last test.
"""
