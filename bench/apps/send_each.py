"""`python send_each.py celery_app < payloads.json`: send each of these payloads as that framework's producers do."""

import importlib
import json
import sys

if __name__ == "__main__":
    importlib.import_module(sys.argv[1]).send_each(json.load(sys.stdin))
