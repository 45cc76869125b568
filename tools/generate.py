"""Make every generated file, or with `--check` fail with a diff where one is stale."""

from __future__ import annotations

import sys

from tools import chart_docs, copy_flavors, copy_runtime, flavor_tables, generate_goldens, generate_schema
from tools.outputs import run

MAKERS = (
    copy_runtime.make,
    copy_flavors.make,
    flavor_tables.make,
    generate_schema.make,
    chart_docs.make,
    generate_goldens.make,
)
"""In this order: the golden renders read what the others wrote."""

if __name__ == "__main__":
    sys.exit(run(MAKERS))
