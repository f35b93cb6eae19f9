"""Windows that are asked about again: continued, behind other prefixes, after longer and shorter ones."""

import dataclasses

import numpy as np
import pytest

from byheart.audits.extraction import Params
from byheart.audits.extraction.params import mass_needs, sweep_need, unrelated_need, windows_need, written_need
from byheart.core.needs import ContinuationsNeed, Need, SeenPromptsNeed
from byheart.corpus.documents import Corpus, Document
from byheart.corpus.encoded import encode_corpus
from byheart.corpus.tokenizer import Tokenizer
from byheart.study.endpoint_forecast import work_of_needs
from byheart.study.forecast import tokens_asked
from byheart.study.materials import longest_tokens, material
from byheart.study.passages import Passage, Prompt
from byheart.study.subjects import Cast, build_index
from tests.study.corpora import library_texts

PARAMS = Params(prefix_tokens=8, suffix_tokens=6, num_windows=9, num_written=4, num_behind_unrelated=5, num_swept=3)


@pytest.fixture(scope="module")
def cast() -> Cast:
    texts = [Document(name, text) for name, text in library_texts(24, largest=9000)]
    tokenizer = Tokenizer.train(Corpus(tuple(texts[:4])), 300)
    seen, unseen = (encode_corpus(Corpus(tuple(texts[k::2])), tokenizer) for k in range(2))
    return Cast((), tokenizer, seen, unseen, build_index(seen, tokenizer))


def cut(need: Need, cast: Cast) -> list[Passage]:
    return [item for item in material(need, cast, 3) if isinstance(item, Passage)]


def places(passages: list[Passage]) -> list[tuple[str, str, int]]:
    return [(p.role, p.document, p.span.start) for p in passages]


def test_the_windows_that_are_written_are_drawn_from_the_scored_ones(cast: Cast) -> None:
    scored, written = cut(windows_need(PARAMS), cast), cut(written_need(PARAMS), cast)
    members = [p.fingerprint for p in scored if p.role == "member" and p.in_base_sample]
    controls = [p.fingerprint for p in scored if p.role == "control"]
    chosen = [p.fingerprint for p in written]
    assert len(set(chosen)) == len(chosen) == 8
    for side, found in ((members, chosen[:4]), (controls, chosen[4:])):
        assert [fingerprint for fingerprint in side if fingerprint in found] == found
    # Not its first ones, which are those that are repeated most.
    assert chosen[:4] != members[:4]
    prompt = written[0].as_prompt()
    assert np.array_equal(np.concatenate((prompt.given, prompt.human)), written[0].token_ids)
    assert (prompt.given.size, prompt.human.size) == (8, 6)


def test_prompts_of_trained_on_text_are_different_and_one_of_a_document(cast: Cast) -> None:
    rule = ContinuationsNeed(prompt_tokens=8, num_tokens=6)
    found = [item for item in material(SeenPromptsNeed(continuations=rule), cast, 3) if isinstance(item, Prompt)]
    assert len(found) == len({prompt.document for prompt in found}) == len(cast.trained_on.documents) == 12
    texts = {document.name: document.token_ids.tolist() for document in cast.trained_on.documents}
    for prompt in found:
        ids, whole = [*prompt.given.tolist(), *prompt.human.tolist()], texts[prompt.document]
        assert (prompt.given.size, prompt.human.size) == (8, 6)
        assert any(whole[at : at + 14] == ids for at in range(len(whole)))


def test_of_a_repeated_document_one_prompt_is_taken(cast: Cast) -> None:
    one = cast.trained_on.documents[0]
    copies = tuple(dataclasses.replace(one, name=f"copy {i}", token_ids=one.token_ids[:14]) for i in range(5))
    repeated = dataclasses.replace(cast, trained_on=dataclasses.replace(cast.trained_on, documents=copies))
    rule = ContinuationsNeed(prompt_tokens=8, num_tokens=6)
    assert len(material(SeenPromptsNeed(continuations=rule), repeated, 3)) == 1


def test_ordinary_prompts_do_not_depend_on_whether_trained_on_text_is_prompted_too(cast: Cast) -> None:
    rule = ContinuationsNeed(prompt_tokens=8, num_tokens=6, num_prompts=5)
    ordinary = [item for item in material(rule, cast, 3) if isinstance(item, Prompt)]
    held_out = {document.name for document in cast.held_out.documents}
    assert len(ordinary) == 5
    assert {prompt.document for prompt in ordinary} <= held_out


def test_the_windows_that_are_searched_are_drawn_from_the_scored_ones(cast: Cast) -> None:
    (need,) = mass_needs(dataclasses.replace(PARAMS, num_searched=3))
    scored, searched = cut(windows_need(PARAMS), cast), cut(need, cast)
    assert [p.role for p in searched] == ["member"] * 3 + ["control"] * 3
    assert {p.fingerprint for p in searched} <= {p.fingerprint for p in scored if p.in_base_sample}


def test_the_same_suffix_stands_behind_the_same_unrelated_prefixes(cast: Cast) -> None:
    scored, behind = cut(windows_need(PARAMS), cast), cut(unrelated_need(PARAMS), cast)
    members = {place: p for place, p in zip(places(scored), scored, strict=True) if p.role == "member"}
    groups: dict[tuple[str, str, int], list[Passage]] = {}
    for place, passage in zip(places(behind), behind, strict=True):
        groups.setdefault(place, []).append(passage)
        assert np.array_equal(passage.token_ids[8:], members[place].token_ids[8:])
    assert sum(members[place].in_base_sample for place in groups) == 5
    prefixes = [[tuple(p.token_ids[:8].tolist()) for p in group] for group in groups.values()]
    assert all(each == prefixes[0] for each in prefixes)
    assert len(prefixes[0]) == 3
    for prefix in prefixes[0]:
        holds = [
            any(tuple(ids[i : i + 8].tolist()) == prefix for i in range(ids.size - 7))
            for ids in (document.token_ids for document in cast.held_out.documents)
        ]
        assert any(holds)


def test_the_sweep_has_one_suffix_after_prefixes_of_each_length(cast: Cast) -> None:
    swept = cut(sweep_need(PARAMS), cast)
    by_place: dict[tuple[str, str, int], list[Passage]] = {}
    for place, passage in zip(places(swept), swept, strict=True):
        by_place.setdefault(place, []).append(passage)
    assert sorted(p.role for p in swept) == ["control"] * 9 + ["member"] * 9
    for short, middle, long in by_place.values():
        assert [p.num_given for p in (short, middle, long)] == [4, 8, 16]
        assert np.array_equal(long.token_ids[-14:], middle.token_ids)
        assert np.array_equal(long.token_ids[-10:], short.token_ids)


@pytest.mark.parametrize("need", [written_need(PARAMS), unrelated_need(PARAMS), sweep_need(PARAMS)])
def test_the_forecast_covers_what_is_asked(need: Need, cast: Cast) -> None:
    found = cut(need, cast)
    work = work_of_needs([need])
    is_written = need == written_need(PARAMS)
    asked = sum(p.token_ids.size - (p.num_given if is_written else 0) for p in found)
    assert asked <= tokens_asked(need)
    assert max(p.token_ids.size for p in found) == longest_tokens(need)
    if is_written:
        assert (work.num_prompts, work.written_tokens) == (len(found), asked)
        assert work.prompt_tokens == sum(p.num_given for p in found)
    else:
        assert len(found) <= work.num_scored_texts
        assert asked <= work.scored_tokens == tokens_asked(need)


def test_the_forecast_covers_prompts_of_trained_on_text(cast: Cast) -> None:
    need = SeenPromptsNeed(continuations=ContinuationsNeed(prompt_tokens=8, num_tokens=6), num_prompts=7)
    found = [item for item in material(need, cast, 3) if isinstance(item, Prompt)]
    work = work_of_needs([need])
    assert work.num_prompts == len(found) == 7
    assert work.prompt_tokens == sum(prompt.given.size for prompt in found)
    assert work.written_tokens == tokens_asked(need) == sum(prompt.human.size for prompt in found)
    assert longest_tokens(need) == 8 + 6


def test_a_search_is_forecast_by_what_it_reads_and_asks_nothing_of_an_endpoint() -> None:
    (need,) = mass_needs(dataclasses.replace(PARAMS, num_searched=3))
    assert tokens_asked(need) == need.num_read_tokens > 0
    assert work_of_needs([need]) == work_of_needs([])
