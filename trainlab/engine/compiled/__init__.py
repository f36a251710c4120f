"""The compiled path: lowers a network and its recipe to a flat array of ops that one call runs for many steps."""
