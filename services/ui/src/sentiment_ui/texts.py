"""Every sentence the page says, in one place, so that a translation is one file."""

from typing import Final

PAGE_TITLE: Final = "Vigie · tweet sentiment"
NAME: Final = "Vigie"
TAGLINE: Final = "The look-out for Air Paradis"
HEADLINE: Final = "Is this tweet good weather or bad?"
LEAD: Final = "Paste a tweet. Vigie says how it reads, how sure it is, and which model version said so."

TWEET_LABEL: Final = "Tweet"
TWEET_PLACEHOLDER: Final = "@airparadis my flight left on time and the crew was lovely…"
PREDICT: Final = "Read this tweet"
EXAMPLES_TITLE: Final = "Or try one of these"
EXAMPLES: Final = {
    "Lost bag": "@airparadis three days without my suitcase and nobody picks up the phone. Never again.",
    "Kind crew": "Huge thanks to the crew of flight AP214, you made my kids' first flight so much fun!",
    "Delay, again": "Stuck at the gate for 4 hours, no explanation, no water. This airline is a joke 😡",
    "On time": "Smooth boarding, on time and great seats. I love flying with @airparadis ✈️",
}

COUNTER_EXCESS: Final = "{excess} too many"
EMPTY: Final = "There is nothing to read yet. Type or paste a tweet first."
TOO_LONG: Final = "{length:,} characters are too many: {limit:,} can be read. Shorten it by {excess:,}."
API_AWAY: Final = "The prediction service does not answer. Your text is still here: try again in a moment."
NOT_READY: Final = "No model version is in service yet. As soon as one is promoted, this page can answer."
UNEXPECTED: Final = "The prediction service answered something this page cannot read. Try again in a moment."
UNREADABLE: Final = "This text holds characters that cannot be sent. Remove them and try again."
FOREIGN: Final = "This tweet is in a language that the model version in service does not know."
FOREIGN_TITLE: Final = "Not in a language it knows"
PROBLEM_TITLE: Final = "No answer yet"
TEXT_PROBLEM_TITLE: Final = "Look at the text again"
REPORT_PROBLEM_TITLE: Final = "Your report was not saved"
RETRY_REPORT: Final = "What you wrote is still here: send it again in a moment."
RETRY: Final = "Try again"

LABELS: Final = {"negative": "Negative", "positive": "Positive"}
READS_AS: Final = "This tweet reads as"
SURE: Final = "sure"
BAR_DESCRIPTION: Final = "Negative {negative}, positive {positive}"
VERSION: Final = "Model version"
LOADED: Final = "In service since"
RULE: Final = "Chosen because"
RULE_STAGE: Final = "newest in stage {name}"
RULE_ALIAS: Final = "alias {name} names it"
VERSION_OF: Final = "{name}, version {version}"
VERSION_ALONE: Final = "version {version}"

WAITING_TITLE: Final = "Nothing on the horizon yet"
WAITING: Final = "The answer appears here, with its probability."

STATUS_READY: Final = "On watch: version {version}"
STATUS_CACHED: Final = "On watch: version {version}, registry away"
STATUS_NOT_READY: Final = "No version in service yet"
STATUS_AWAY: Final = "Prediction service away"

REPORT_TITLE: Final = "Is that wrong? Tell the crew"
REPORT_HINT: Final = "It goes to the people who train the model. Several at once wake them up."
EXPECTED: Final = "This tweet is really"
COMMENT: Final = "Comment (optional)"
COMMENT_PLACEHOLDER: Final = "Irony, slang, another language…"
SEND_REPORT: Final = "Send the report"
ALREADY_REPORTED: Final = "Your first report arrived after all."
THANKS_TITLE: Final = "Thank you, it is on record"
THANKS_WRONG: Final = "You said {expected}; the model said {predicted}. The team sees it."
THANKS_RIGHT: Final = "You confirmed {expected}. That helps as much as a correction."

HISTORY_TITLE: Final = "Your history"
HISTORY_EMPTY: Final = "Tweets you read appear here. Only you see them."
HISTORY_NOTE: Final = "Kept in this browser alone, the last {limit}."
HISTORY_REPORTED: Final = "reported as {expected}"
CLEAR_HISTORY: Final = "Clear history"

_REPORTING: Final = (
    "Names after @, e-mail addresses, phone numbers and links are blanked out first. "
    "With it go both labels, the probability, the version, the time, your comment (masked too) "
    "and a random number that means this visit, not you."
)
PRIVACY_TITLE: Final = "Privacy, in four lines"
PRIVACY: Final = (
    ("Reading a tweet stores nothing.", "The text is scored in memory and forgotten."),
    ("Reporting stores the masked text.", _REPORTING),
    ("Nothing leaves the house.", "Model, data and page run on your own server."),
    ("No cookies, no tracking.", "Your history lives in this browser until you clear it."),
)
