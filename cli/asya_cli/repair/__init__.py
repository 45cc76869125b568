"""Looking at and mending what has failed: stored errors, and messages that wait in queues."""
