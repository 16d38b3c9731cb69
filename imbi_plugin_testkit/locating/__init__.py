"""How a distribution is found, built, read and unpacked."""
