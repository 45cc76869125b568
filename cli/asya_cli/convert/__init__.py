"""AsyncActor manifests of 2025 and 2026 turned into values files. Pure but for `writing`."""
