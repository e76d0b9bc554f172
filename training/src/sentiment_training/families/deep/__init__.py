"""Recurrent and convolutional networks: Keras trains, a graph of plain operators serves.

Only `family.py` and `options.py` are imported with the families; what they need of Keras they import
when a network is fitted.
"""

from sentiment_training.families.deep.family import NetworkFamily
from sentiment_training.families.deep.options import BILSTM, GRU, TEXTCNN

NETWORK_FAMILIES = (NetworkFamily(BILSTM), NetworkFamily(GRU), NetworkFamily(TEXTCNN))

__all__ = ["NETWORK_FAMILIES", "NetworkFamily"]
