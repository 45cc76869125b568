"""What every part of Asya shares: the envelope, its route, decisions about it, and the transports that carry it."""
