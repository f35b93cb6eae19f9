"""The fast pass: Llama-family weights, read only, in as few passes over memory as the processor allows.

`transformer/` teaches; this room must give the same numbers, faster. In reading order: shape, weights, cache,
attention, layer, network, adoption. Importing this imports no torch.
"""
