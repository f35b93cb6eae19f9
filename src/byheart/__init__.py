"""byheart: what does a language model know by heart, and what does it do that no memorizer of the same data can?"""
