"""How the shop's humans are called and reached, and with whom they share it."""
