"""Every state of the catalogue has words of its own, and what has none is still named."""

from conversations.model import LANGUAGES
from conversations.request_names import paper_name, service_name, state_name, state_sentence, step_name
from conversations.services import catalogue
from conversations.texts import keys_of
from handlers.rules.progress import UNHANDLED, plain_process
from handlers.talking import talking


def test_every_state_of_every_process_is_said_in_its_own_words() -> None:
    processes = (*catalogue().processes.values(), plain_process())
    states = {state for process in processes for state in process.moves}
    steps = {step for process in processes for step in process.steps}
    wanted = {f"request.{kind}.{state}" for state in states for kind in ("state", "now")}
    assert wanted | {f"request.step.{step}" for step in steps} <= keys_of("vi")


def test_what_has_no_text_of_its_own_is_named_all_the_same() -> None:
    for words in (
        service_name("gone"),
        service_name(UNHANDLED),
        paper_name("giấy ủy quyền"),
        state_name("strange"),
        state_sentence("strange"),
        step_name("strange"),
    ):
        assert all(talking().speaker.plain(words, language) for language in LANGUAGES)
    assert talking().speaker.plain(paper_name("giấy ủy quyền"), "en") == "giấy ủy quyền"
