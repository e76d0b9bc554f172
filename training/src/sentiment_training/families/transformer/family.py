"""The transformer family: what it offers to the training run."""

from collections.abc import Mapping
from dataclasses import replace

from sentiment_training.errors import OptionError
from sentiment_training.families.extras import JAX, TENSORFLOW, keras_backend, require
from sentiment_training.families.family import Examples, Trial, Work, option_help, parse_options
from sentiment_training.families.teacher import open_teacher, targets
from sentiment_training.families.transformer.beginning import begin, check_beginning
from sentiment_training.families.transformer.model import Member, TransformerModel, scorer
from sentiment_training.families.transformer.network import (
    build,
    chosen_precision,
    seed_everything,
    set_head,
    weights_of,
)
from sentiment_training.families.transformer.options import OPTIONS, TransformerOptions
from sentiment_training.families.transformer.temperature import cooled
from sentiment_training.families.transformer.tokens import Tokens
from sentiment_training.families.transformer.training import fine_tune
from sentiment_training.families.wide import weighed
from sentiment_training.families.wide_ngrams import LearnedNgrams
from sentiment_training.quiet import quiet_tensorflow


class TransformerFamily:
    """DistilBERT, BERT, RoBERTa, BERTweet, XLM-R or MPNet, fine-tuned."""

    name = "transformer"
    needs_validation = True

    def option_help(self) -> Mapping[str, str]:
        """Each option's name, with a sentence and its default."""
        return option_help(TransformerOptions(), OPTIONS)

    def check(self, options: Mapping[str, str]) -> None:
        """Raise OptionError if `fit` would not take these options, or cannot find the weights."""
        chosen = parse_options(TransformerOptions(), OPTIONS, options)
        backend = keras_backend(TENSORFLOW, JAX)
        require("deep", backend, "keras", "keras_hub", "safetensors", "huggingface_hub")
        if chosen.teacher and not chosen.epochs:
            raise OptionError("epochs=0 trains nothing, so a teacher has nobody to teach; leave teacher out")
        open_teacher(chosen.teacher)
        check_beginning(chosen, options)

    def suggest(self, trial: Trial, _fixed: Mapping[str, str], /) -> Mapping[str, str]:
        """Choose options for one trial of a search."""
        return {
            "learning_rate": str(trial.suggest_float("learning_rate", 1e-5, 3e-4, log=True)),
            "dropout": str(trial.suggest_float("dropout", 0, 0.2)),
            "warmup": str(trial.suggest_float("warmup", 0, 0.2)),
        }

    def fit(
        self, train: Examples, validation: Examples, options: Mapping[str, str], work: Work
    ) -> TransformerModel:
        """Fine-tune; the numbers of the smallest validation loss are what is left."""
        self.check(options)
        chosen = parse_options(TransformerOptions(), OPTIONS, options)
        quiet_tensorflow()
        beginning = begin(chosen, train.texts, work.progress)
        chosen, tokenizer = beginning.options, beginning.tokenizer
        precision = chosen_precision(chosen.precision)
        validated = validation.chosen(validation.evenly(chosen.validated))
        teacher = open_teacher(chosen.teacher)
        learned = targets(train, teacher, chosen, work)
        to_learn = train.texts if chosen.epochs or chosen.wide else ()
        tokens = Tokens.of(tokenizer, to_learn, work.progress if to_learn else None)
        to_validate = Tokens.of(tokenizer, validated.texts)
        ngrams = None
        if chosen.wide:
            # Before the network lies in memory, which has no room for both.
            size = len(beginning.encoders[0].tokens) + 1
            ngrams = LearnedNgrams.learn(
                tokenizer, train, tokens.numbered_from_one(), chosen.wide, chosen.wide_c, work, size=size
            )
        members, found = [], dict[str, str | int | float](arithmetic=precision)
        if teacher is not None:
            found["teacher.sha256"] = teacher.sha256
        for number, (weights, head) in enumerate(zip(beginning.encoders, beginning.heads, strict=True)):
            if head is not None and not chosen.epochs:
                members.append(Member(weights, head))
                continue
            own = _of_member(work, number)
            seed_everything(own.seed)
            model = build(weights, chosen, precision)
            if head is not None:
                set_head(model, head)
            came = fine_tune(model, (tokens, train, learned), (to_validate, validated), chosen, own)
            found |= {_name_of_member(name, number): value for name, value in came.items()}
            members.append(Member(*weights_of(model, weights)))
        score = scorer(members, chosen)
        log_odds = score(to_validate)
        if ngrams is not None:
            wide = weighed(ngrams, log_odds, to_validate.numbered_from_one(), validated)
            return TransformerModel(chosen, tokenizer, members, found, score, wide)
        factor = cooled(log_odds, validated)
        return TransformerModel(
            chosen,
            tokenizer,
            [each.times(factor) for each in members],
            {**found, "temperature": 1 / factor},
            lambda tokens: factor * score(tokens),
        )


def _of_member(work: Work, number: int) -> Work:
    """Give a member a seed, curves and checkpoints of its own; the first has those of a network alone."""
    if number == 0:
        return work

    def report(name: str, value: float, step: int) -> None:
        work.report(_name_of_member(name, number), value, step)

    folder = work.checkpoints and work.checkpoints / f"member-{number}"
    # Far from the seeds that a person tries one after the other, whose members would be the same.
    return replace(work, seed=work.seed ^ number << 24, report=report, checkpoints=folder)


def _name_of_member(name: str, number: int) -> str:
    return name if number == 0 else f"member.{number}.{name}"
