"""What a recipe says of itself."""

from sentiment_training.recipe import Recipe, Source


def test_of_people_is_what_they_called_negative_or_positive() -> None:
    tweets, scored = Source("tweets.csv", 2, neutral=0.3), Source("scored.parquet", held_out=False)
    assert Recipe("logreg", [scored, tweets]).of_people().data == [Source("tweets.csv", 2)]
