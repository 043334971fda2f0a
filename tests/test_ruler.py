"""The ruler knows a perfect copy, a blur, a lost onset, and a data set that is not what it says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from onnx import numpy_helper

from bridge.errors import VamenError
from bridge.griffin_lim import LoopGrid
from bridge.mel_spectrogram import ENGINE_SAMPLE_RATE, PRESETS, image_from_audio, unit_image
from bridge.model import Model
from export.card import card
from export.claims import main as claims_command
from tests.conftest import TINY_MODEL
from tests.sounds import break_loop, hat, kick, snare
from tests.test_breaks import source
from tests.test_sources import loop
from training import pca
from training.breaks import build
from training.dataset import MANIFEST_FILE, BreakDataset
from training.ruler.attacks import beside_attacks, convergence, find_attacks, magnitudes
from training.ruler.claims import FORMAT_VERSION, KEY
from training.ruler.figures import Bar, Figure, lines
from training.ruler.images import image_figures
from training.ruler.loops import recognised
from training.ruler.model_file import GRAIN_TILES, fingerprint, load_without_grain, read_proto
from training.ruler.originals import Original, held_out_breaks, spread, unseen_loops
from training.ruler.painter import Painters
from training.ruler.report import Example, Shown, html
from training.ruler.sound import onset_scores, onset_seconds, sound_figures
from training.scores import Tally
from training.slices import make_bank

SPEC = PRESETS["hifi"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> BreakDataset:
    folder = tmp_path_factory.mktemp("data")
    sources = [source("amen", loop(), 4)]
    sources += [source(name, hit, role=name) for name, hit in (("kick", kick()), ("snare", snare()), ("hat", hat()))]
    build(make_bank(sources), [], folder, 8, SPEC, 0, 1)
    return BreakDataset(folder)


@pytest.fixture(scope="module")
def painters() -> Painters:
    return Painters(TINY_MODEL, 2)


def test_parts_of_a_tally_add_up_and_a_copy_is_perfect(dataset: BreakDataset) -> None:
    originals = unit_image(dataset.images[:4])
    blurred = (originals + np.roll(originals, 1, axis=2) + np.roll(originals, -1, axis=2)) / 3.0
    whole, parts, copy = (Tally(80.0) for _ in range(3))
    whole.add(blurred, originals)
    for part in (slice(0, 1), slice(1, 4)):
        tally = Tally(80.0)
        tally.add(blurred[part], originals[part])
        parts.merge(tally)
    copy.add(originals, originals)
    assert parts.images == 4 and parts.figures() == pytest.approx(whole.figures())
    assert copy.figures() == {"error_db": 0.0, "averaged_error_db": 0.0, "texture": 1.0, "sharpness": 1.0}
    assert whole.figures()["sharpness"] < 0.8 and whole.figures()["error_db"] > 1.0


def test_what_is_painted_is_set_beside_as_many_components_and_the_mean_image(dataset: BreakDataset, painters: Painters) -> None:
    components = pca.fit(dataset, 3, 0, lambda part: None)
    told: list[float] = []
    images = dataset.images[:3]
    encoded = painters.encode(images, told.append)
    assert told == [1 / 3, 2 / 3, 1.0]
    figures = image_figures(painters, images, encoded, components, told.append)
    assert figures["images"] == 3 and told[-1] == 1.0
    assert figures["pca"]["error_db"] < figures["mean_image"]["error_db"]
    # The tiny model paints no grain: it sounds as it would without.
    assert figures["smooth"] == figures["model"]
    latents = [np.zeros((SPEC.steps, 4), np.float32)] * 3
    assert image_figures(painters, images, latents, components, told.append)["model"]["error_db"] > 10.0


def test_breaks_come_back_with_their_sound(dataset: BreakDataset) -> None:
    [first, last] = held_out_breaks(dataset, np.array([0, 7]))
    for index, original in ((0, first), (7, last)):
        assert np.array_equal(image_from_audio(original.samples, SPEC), dataset.images[index])
        assert original.beats_per_minute(SPEC) == pytest.approx(SPEC.beats_per_minute, rel=1e-4)
    assert list(spread(np.arange(100), 3)) == [0, 49, 99] and list(spread(np.arange(2), 3)) == [0, 1]


def test_breaks_that_come_out_otherwise_are_refused(dataset: BreakDataset, tmp_path: Path) -> None:
    for file in dataset.path.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    manifest = json.loads((tmp_path / MANIFEST_FILE).read_text())
    (tmp_path / MANIFEST_FILE).write_text(json.dumps(manifest | {"seed": 1}))
    with pytest.raises(VamenError, match="does not come out"):
        held_out_breaks(BreakDataset(tmp_path), np.array([0]))
    (tmp_path / MANIFEST_FILE).write_text(json.dumps(manifest | {"proportions": {}}))
    with pytest.raises(VamenError, match="another version"):
        held_out_breaks(BreakDataset(tmp_path), np.array([0]))


def test_unseen_loops_keep_their_tempo_and_what_is_no_loop_is_named(tmp_path: Path) -> None:
    with pytest.raises(VamenError, match="empty"):
        unseen_loops([tmp_path], SPEC)
    (tmp_path / "notes.txt").write_text("no sound")
    with pytest.raises(VamenError, match="no loop that can be used"):
        unseen_loops([tmp_path], SPEC)
    soundfile.write(tmp_path / "slow_100bpm.wav", break_loop(100.0), ENGINE_SAMPLE_RATE, subtype="FLOAT")
    [unseen], left_out = unseen_loops([tmp_path], SPEC)
    assert unseen.original.beats_per_minute(SPEC) == pytest.approx(100.0, rel=1e-3)
    assert [item.name for item in left_out] == ["notes.txt"]


def test_onsets_are_found_round_the_seam_and_scored_within_ten_milliseconds() -> None:
    ring = np.zeros(SPEC.loop_length(120.0), np.float32)
    hit = snare()
    places = np.array([0, 22_050, 44_100, 99_225])
    for place in places:
        ring[(place + np.arange(len(hit))) % len(ring)] += hit
    seconds = np.sort((places + len(ring) // (2 * SPEC.steps)) / ENGINE_SAMPLE_RATE)
    found = onset_seconds(ring, SPEC)
    assert found == pytest.approx(seconds, abs=0.004)
    assert onset_seconds(np.roll(ring, -30), SPEC) == pytest.approx(found - 30 / ENGINE_SAMPLE_RATE, abs=0.002)
    assert onset_scores(seconds, seconds + 0.009) == (1.0, 1.0, 1.0)
    assert onset_scores(seconds, np.append(seconds[1:] + 0.009, seconds[-1] + 1.0)) == pytest.approx((0.75, 0.75, 0.75))
    assert onset_scores(seconds, seconds + 0.011) == (0.0, 0.0, 0.0)


def test_a_ring_beside_itself_has_no_more_rise_and_a_smeared_one_has() -> None:
    ring = break_loop(SPEC.beats_per_minute)
    attacks = find_attacks(ring)
    rise, before, later = beside_attacks(attacks, ring, 1.0).T
    assert len(attacks) > 8 and np.median(rise) == np.median(later) == 0.0 and not before.any()
    width = 400
    smeared = np.convolve(np.concatenate([ring, ring[:width]]), np.hanning(width) / width, "valid")[: len(ring)]
    assert np.median(beside_attacks(attacks, smeared.astype(np.float32), 1.0)[:, 1]) > 3.0
    grid = LoopGrid.at_tempo(SPEC, SPEC.beats_per_minute)
    assert convergence(0.9 * ring, magnitudes(ring, grid), grid) == pytest.approx(-20.0, abs=0.01)


def test_a_picture_without_hits_loses_the_onsets_that_its_original_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.ruler.sound.TEMPOS", (120.0,))
    ring = break_loop(SPEC.beats_per_minute)
    image = unit_image(image_from_audio(ring, SPEC))
    flat = np.repeat(image.mean(axis=1, keepdims=True), image.shape[1], axis=1)
    figures = sound_figures([Original("break", ring, image)], [flat], SPEC, 1, lambda part: None)
    assert figures["image"]["onset_f"] > 0.9 > 2 * figures["model"]["onset_f"]
    assert figures["image"]["convergence_db"] < -12.0 < figures["model"]["convergence_db"]
    assert figures["model"]["120"]["before_more_db"] > 10.0 > figures["image"]["120"]["before_more_db"]


def test_a_loop_is_recognised_only_as_itself(dataset: BreakDataset) -> None:
    originals = unit_image(dataset.images[:2])
    assert recognised(list(originals), originals, dataset.images[2:], SPEC) == 1.0
    assert recognised([originals[0], unit_image(dataset.images[5])], originals, dataset.images[2:], SPEC) == 0.5


def with_tiles(path: Path) -> Path:
    """The tiny model with its floor under the name of the grain's tiles: what is silenced is then seen."""
    proto = read_proto(TINY_MODEL)
    for tensor in proto.graph.initializer:
        if tensor.name == "decoded_image/floor":
            tensor.name = f"decoded_image/{GRAIN_TILES}"
    for node in proto.graph.node:
        for attribute in node.attribute:
            for inner in attribute.g.node:
                inner.input[:] = [name.replace("decoded_image/floor", f"decoded_image/{GRAIN_TILES}") for name in inner.input]
    path.write_bytes(proto.SerializeToString())
    return path


def test_the_grain_can_be_left_out(tmp_path: Path, tiny_model: Model) -> None:
    assert load_without_grain(TINY_MODEL) is None
    silenced = load_without_grain(with_tiles(tmp_path / "grainy.onnx"))
    assert silenced is not None
    latent = tiny_model.metadata.slots[0].latent
    assert 0.05 < np.mean(tiny_model.decode_ring(latent) - silenced.decode_ring(latent)) <= 0.1 + 1e-6


def evaluation(path: Path) -> dict[str, object]:
    return {
        "format_version": FORMAT_VERSION,
        "model": {"name": "tiny", "file": path.name, "fingerprint": fingerprint(path)},
        "data": {"count": 10, "seed": 0},
        "loops": {"digest": "0", "names": ["hotpants"]},
        "results": {"held_out_draw": {"pictures": {"model": {"texture": 0.71}}}, "axes": {"axes": {}}},
    }


def test_claims_change_the_record_and_the_card_but_nothing_that_sounds(tmp_path: Path, tiny_model: Model) -> None:
    path, figures = tmp_path / "tiny.onnx", tmp_path / "out.json"
    path.write_bytes(TINY_MODEL.read_bytes())
    before = fingerprint(path)
    figures.write_text(json.dumps(evaluation(path)))
    assert claims_command([str(path), str(figures)]) == 0
    claimed = Model.load(path)
    assert claimed.metadata.training[KEY] == evaluation(path) and fingerprint(path) == before
    latent = tiny_model.metadata.slots[0].latent
    assert np.array_equal(claimed.decode_ring(latent), tiny_model.decode_ring(latent))
    text = path.with_suffix(".md").read_text()
    assert "MISSED by 0.09" in text and "hotpants" in text and claimed.sha256 in text
    assert text == card(claimed.metadata, path.name, claimed.sha256)


def test_figures_of_another_model_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, figures = tmp_path / "tiny.onnx", tmp_path / "out.json"
    path.write_bytes(TINY_MODEL.read_bytes())
    proto = read_proto(path)
    kernel = next(tensor for tensor in proto.graph.initializer if tensor.name.endswith("/kernel"))
    kernel.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(kernel) * np.float32(1.01), kernel.name))
    other = tmp_path / "other.onnx"
    onnx.save(proto, other)
    figures.write_text(json.dumps(evaluation(other)))
    assert claims_command([str(path), str(figures)]) == 2
    assert "another model" in capsys.readouterr().err and path.read_bytes() == TINY_MODEL.read_bytes()
    figures.write_text("nothing")
    assert claims_command([str(path), str(figures)]) == 2


def test_the_page_holds_pictures_sounds_and_verdicts() -> None:
    found = lines({"a": 2.0}, (Figure("draws <here>", "a", "blur", "dB", "less", Bar(at_most=1.0)),), {"a": 1.0})
    shown = Shown("model", np.eye(8, dtype=np.float32), break_loop(160.0))
    page = html("tiny", ["a fact"], found, [Example("break 1", (shown, shown))], None)
    assert page.count("data:image/png;base64,") == page.count("data:audio/flac;base64,") == 2
    assert "MISSED by 1 dB" in page.replace("1.00", "1") and "draws &lt;here&gt;" in page and 'class="worse"' in page
