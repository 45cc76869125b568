"""The commands: each module holds one, as `command`. They read options and print; what they do is elsewhere."""
