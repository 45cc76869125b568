"""A real Kubernetes of one node on this machine, and what the charts have to show on it.

Everything runs in one network namespace, so no route and no rule of this machine changes, and below one folder.
"""
