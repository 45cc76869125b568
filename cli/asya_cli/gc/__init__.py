"""The end of payloads that no message refers to any more: which those are, and how a cloud is told to remove them."""
