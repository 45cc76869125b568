"""Values files held against a chart before anybody installs them."""
