"""A model behind an OpenAI-compatible endpoint, as a Predictor.

Course: `address` (where), `key` (never shown), `limits` and `retrying` (how hard, how often), `deadline` (until when),
`connection` (the one place that speaks HTTP), `answer` (nothing of an answer is believed unread), `completions`
(requests and answers), `capabilities` and `probe` (what an endpoint lets us see), `prompt_scores` (its numbers as
TokenScores), `texts` and `predictor` (core's interfaces over all that), `order_check` and `alignment_check` (whether
its numbers can be trusted), `opening` (from an address to a predictor), `cost` (what it will take, before anything is
asked).
"""
