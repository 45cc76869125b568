"""A pipeline of five actors that reads handwritten digits."""
