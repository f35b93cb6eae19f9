"""The reference transformer: layers, network, training, checkpoint, in this order. Importing this imports no torch."""
