"""What a frozen sentence encoder is, wherever its weights came from."""

import copy
from dataclasses import dataclass

from tokenizers import Tokenizer

from sentiment import tokenizer_from_json
from sentiment_training.encoders.pooling import mean_of_tokens
from sentiment_training.graph_writing import GraphWriter


@dataclass(frozen=True)
class SentenceEncoder:
    """A tokenizer, and a graph from token ids to vectors that is not trained any further.

    Attributes
    ----------
    name
        What a person calls it.
    digest
        Of the files that it was read from.
    tokenizer
        Without truncation and padding; its special tokens are added.
    graph
        Takes `ids` and `mask`, int64 (batch, length), padding where the mask is 0.
    sentence
        The graph's tensor of one vector a text, (batch, `sentence_width`).
    sentence_width
        Its length.
    states
        The graph's tensor of one vector a token, (batch, length, `state_width`).
    state_width
        Its length.
    longest
        Tokens of a text that it can take, the special ones too.
    pad_id
        Any token's id; what stands there does not count.
    """

    name: str
    digest: str
    tokenizer: Tokenizer
    graph: GraphWriter
    sentence: str
    sentence_width: int
    states: str
    state_width: int
    longest: int
    pad_id: int

    def features(self, *, pooled: bool) -> tuple[GraphWriter, str, int]:
        """Write the graph on to one vector of features a text.

        Parameters
        ----------
        pooled
            Whether the mean of the tokens' vectors is joined to the sentence's: what an encoder trained on
            meaning leaves out of its sentence vector, the tone, is still in them.

        Returns
        -------
        tuple
            A graph of its own, the tensor (batch, width), and its width.
        """
        graph = copy.deepcopy(self.graph)
        if not pooled:
            return graph, self.sentence, self.sentence_width
        joined = graph.node("Concat", self.sentence, mean_of_tokens(graph, self.states), axis=-1)
        return graph, joined, self.sentence_width + self.state_width

    def cutting_tokenizer(self, max_length: int) -> Tokenizer:
        """Return a tokenizer of its own that cuts texts at `max_length` tokens and pads them on the right."""
        tokenizer = tokenizer_from_json(self.tokenizer.to_str())
        tokenizer.enable_truncation(min(max_length, self.longest))
        tokenizer.enable_padding(pad_id=self.pad_id, pad_token=tokenizer.id_to_token(self.pad_id))
        return tokenizer
