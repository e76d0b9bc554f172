"""Texts whose probabilities travel with every bundle, so that whoever opens it can check it.

They are ours: nobody's tweet leaves training. Between them they touch what a text can do to a tokenizer.
"""

GOLDEN_TEXTS = (
    "thank you for the great flight",
    "Thank you so much, the crew was wonderful!",
    "@airparadis best trip I have had in years, will fly with you again :)",
    "we landed early and my bag was already there, amazing",
    "I love the new seats ❤️✈️",
    "the worst airline I have ever flown with",
    "@airparadis my flight was cancelled and nobody answers the phone",
    "Delayed again. Three hours on the tarmac, no water, no word.",
    "lost my luggage and ruined my holiday :(",
    "I am so sad and tired, I hate waiting at airports",
    "not bad at all",
    "not good at all",
    "I can't say that I didn't enjoy it",
    "Oh great, another delay. Just what I needed.",
    "boarding now at gate B12",
    "NEVER AGAIN!!!",
    "soooooo happyyyyy",
    "#fail #neveragain https://example.org/a?b=c",
    "refund &amp; apology, please &lt;3",
    "naïve café, señor, Zürich, 東京, Москва",
    "😀😡👍🏽👩‍✈️",
    "1234567890",
    "?",
    "",
    " \t\n ",
    "word " * 400,
)
