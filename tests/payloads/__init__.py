"""Payloads that no broker takes, through whole pipelines on real brokers, as the charts render them."""
