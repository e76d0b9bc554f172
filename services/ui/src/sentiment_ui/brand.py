"""The mark: a look-out's lamp over a horizon, drawn here so that nothing is fetched."""

import base64
from typing import Final

# A lighthouse in a round porthole; the two beams are the two answers.
MARK_SVG: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">
  <clipPath id="c"><circle cx="32" cy="32" r="30"/></clipPath>
  <g clip-path="url(#c)">
    <rect width="64" height="64" fill="#0d2b3e"/>
    <path d="M32 21 64 8v20z" fill="#f2b24a"/>
    <path d="M32 21 0 8v20z" fill="#f2b24a" opacity=".38"/>
    <path d="M0 49q8-5 16 0t16 0 16 0 16 0v15H0z" fill="#1f7a80"/>
    <path d="M0 55q8-4 16 0t16 0 16 0 16 0v9H0z" fill="#14595f"/>
    <path d="M28 26h8l3.2 25.5q-7.2 4.5-14.4 0z" fill="#fdfaf3"/>
    <path d="M27.1 34h9.8l.6 5H26.5z" fill="#c8473c"/>
    <rect x="25.5" y="24" width="13" height="3" rx="1" fill="#fdfaf3"/>
    <rect x="28" y="17.5" width="8" height="6.5" rx="1" fill="#f9d58c"/>
    <path d="M27 17.5 32 12l5 5.5z" fill="#fdfaf3"/>
  </g>
</svg>
"""

WAITING_SVG: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 96" width="240" height="96">
  <path d="M120 34 236 10v44z" fill="#f2b24a" opacity=".30"/>
  <path d="M120 34 4 10v44z" fill="#f2b24a" opacity=".16"/>
  <path d="M114 40h12l5 38h-22z" fill="#7d97a3"/>
  <path d="M112.7 52h14.6l1 8h-16.6z" fill="#c8473c" opacity=".8"/>
  <rect x="110" y="37" width="20" height="4" rx="1.5" fill="#7d97a3"/>
  <rect x="114" y="27" width="12" height="10" rx="1.5" fill="#f2b24a"/>
  <path d="M112.5 27 120 19l7.5 8z" fill="#7d97a3"/>
  <g fill="none" stroke="#1f7a80" stroke-width="2.5" stroke-linecap="round">
    <path d="M8 80q14-6 28 0t28 0 28 0 28 0 28 0 28 0 28 0 28 0"/>
    <path d="M40 89q12-5 24 0t24 0 24 0 24 0 24 0 24 0" opacity=".5"/>
  </g>
</svg>
"""


def data_uri(svg: str) -> str:
    """Write an SVG as an address that an ``img`` can show without a request."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
