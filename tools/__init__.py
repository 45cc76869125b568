"""What builds and checks this repository; `make` calls it and no package of the product imports it."""
