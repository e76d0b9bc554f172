"""The classic families: naive Bayes, logistic regression, linear SVM, random forest.

scikit-learn trains them on counted or TF-IDF weighted n-grams; a small graph of plain arithmetic serves them.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sentiment_training.families.classic.family import ClassicFamily
from sentiment_training.families.classic.forest import ForestFamily
from sentiment_training.families.classic.logreg import LogregFamily
from sentiment_training.families.classic.naive_bayes import NaiveBayesFamily
from sentiment_training.families.classic.svm import SvmFamily

CLASSIC: Mapping[str, ClassicFamily] = MappingProxyType(
    {each.name: each for each in (NaiveBayesFamily(), LogregFamily(), SvmFamily(), ForestFamily())}
)

__all__ = ["CLASSIC", "ClassicFamily"]
