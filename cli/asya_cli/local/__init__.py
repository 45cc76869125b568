"""Actors on this machine, without a cluster: a broker, and what the charts render, as processes.

`asya_cli.local.run.LocalRun` is the whole of it; `asya_cli.local.running.Running` is the view of a run that is up.
"""
