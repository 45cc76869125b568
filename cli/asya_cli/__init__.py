"""The command `asya`: run a handler once, run actors without a cluster, send messages to them."""
