"""The classic families: naive Bayes, logistic regression, linear SVM, random forest.

scikit-learn trains them on counted or TF-IDF weighted n-grams; a small graph of plain arithmetic serves them.
"""

from sentiment_training.families.classic.forest import ForestFamily
from sentiment_training.families.classic.logreg import LogregFamily
from sentiment_training.families.classic.naive_bayes import NaiveBayesFamily
from sentiment_training.families.classic.svm import SvmFamily

__all__ = ["ForestFamily", "LogregFamily", "NaiveBayesFamily", "SvmFamily"]
