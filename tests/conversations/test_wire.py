"""What is kept between two events comes back as it was."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from conversations.model import (
    Button,
    Event,
    Figure,
    Frame,
    Json,
    Moment,
    Opened,
    Other,
    Photo,
    Picture,
    Place,
    Press,
    Reply,
    SharedContact,
    Span,
    State,
    Text,
    Value,
    Words,
)
from conversations.wire import (
    event_from_json,
    event_to_json,
    reply_from_json,
    reply_to_json,
    state_from_json,
    state_to_json,
)

word = st.text(st.characters(codec="utf-8"), max_size=12)
words: st.SearchStrategy[Words] = st.deferred(
    lambda: st.builds(Words, word, st.dictionaries(word, values, max_size=2))
)
plain = st.one_of(
    word,
    st.integers(-(2**53), 2**53),
    st.builds(Moment, word),
    st.builds(Figure, st.integers(-(2**53), 2**53)),
    st.builds(Span, word, st.none() | word),
)
values: st.SearchStrategy[Value] = st.deferred(
    lambda: st.one_of(plain, words, st.lists(plain, max_size=2).map(tuple))
)
buttons = st.lists(st.builds(Button, words, word, st.booleans()), max_size=3).map(tuple)
json: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | word,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(word, inner, max_size=3),
    max_leaves=5,
)
replies = st.builds(
    Reply,
    st.lists(words, max_size=3).map(tuple),
    buttons,
    st.sampled_from([None, "contact", "place"]),
    st.none() | st.builds(Picture, word, json),
)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Text, word),
    st.builds(Press, word),
    st.builds(Photo, word),
    st.builds(Place, st.floats(-90, 90), st.floats(-180, 180)),
    st.builds(SharedContact, word, st.booleans()),
    st.builds(Opened, word),
    st.builds(Other, word),
)
answers = st.dictionaries(word, st.none() | st.booleans() | word | st.lists(word), max_size=3)
frames = st.builds(
    Frame, word, st.integers(1, 9), st.integers(0, 99), st.none() | word, answers,
    st.lists(word).map(tuple), st.dictionaries(word, events, max_size=2), st.integers(0, 9),
)  # fmt: skip
states = st.builds(
    State, st.sampled_from(["vi", "en"]), st.booleans(), st.lists(frames, max_size=3).map(tuple),
    st.integers(0, 99), st.lists(st.tuples(word, word)).map(tuple), st.none() | events,
)  # fmt: skip


@given(replies)
def test_a_reply_comes_back_as_it_was(reply: Reply) -> None:
    assert reply_from_json(orjson.loads(orjson.dumps(reply_to_json(reply)))) == reply


def test_a_reply_that_was_kept_before_there_were_pictures_has_none() -> None:
    assert reply_from_json({"words": [{"say": "menu.title"}]}) == Reply((Words("menu.title"),))


@given(events)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    assert event_from_json(orjson.loads(orjson.dumps(event_to_json(event)))) == event


@given(states)
def test_a_state_comes_back_as_it_was(state: State) -> None:
    assert state_from_json(orjson.loads(orjson.dumps(state_to_json(state)))) == state


def test_a_state_of_an_unknown_version_starts_anew_in_its_language() -> None:
    assert state_from_json({"version": 99, "language": "en"}) == State(language="en")
