"""Numbers to numbers with honest widths."""
