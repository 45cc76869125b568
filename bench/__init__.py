"""The benchmark: this project beside Celery, Dramatiq, Taskiq and FastStream, in one run on one broker."""
