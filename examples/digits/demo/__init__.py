"""Sends every image through the pipeline and accounts for each one."""
