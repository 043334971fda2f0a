"""Compose a break: which slice plays when, how loud and how high. Nothing here touches a sample."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from training.proportions import GROOVES, HALF_TIME, HAT_FIGURES, Groove, Proportions
from training.slices import SliceBank
from training.sources import ROLES

STEPS = 32
BAR = 16
BACKBEATS = (4, 12, 20, 28)

NOTHING = -1.0
"""No step of a loop."""

MAIN, HITS, TOP = 0, 1, 2
"""Layers of a break. In the main layer each slice cuts off the last, in the others they ring."""


@dataclass(frozen=True)
class Event:
    """One slice in a break; `time` and `length` in sixteenths of an even grid, `semitones` by resampling."""

    time: float
    slice: int
    length: float
    gain_db: float = 0.0
    semitones: float = 0.0
    reverse: bool = False
    layer: int = MAIN


@dataclass(frozen=True)
class Treatment:
    """What happens to the sum of all layers; zero, or None, is nothing."""

    kick_shelf_db: float = 0.0
    air_shelf_db: float = 0.0
    low_pass_hz: float | None = None
    high_pass_hz: float | None = None
    room_seconds: float = 0.0
    room_under_db: float = 0.0
    room_seed: int = 0
    drive_db: float = 0.0
    bits: int | None = None


@dataclass(frozen=True)
class Plan:
    """A whole break of two bars."""

    maker: str
    main_source: int
    events: tuple[Event, ...]
    treatment: Treatment
    top_high_pass_hz: float = 0.0


@dataclass(frozen=True)
class Kit:
    """What one loop, or the pool of single hits, offers: slice indices by role, loudest first, and a loop's steps."""

    source: int
    beats: int
    beats_per_minute: float
    by_role: dict[str, NDArray[np.int64]]
    attacks: dict[float, int] = field(default_factory=dict)

    def has(self, *roles: str) -> bool:
        """Whether there is a slice for each of these roles."""
        return all(len(self.by_role[role]) for role in roles)


@dataclass(frozen=True)
class Pool:
    """The kits that one side of the split may use."""

    mains: tuple[Kit, ...]
    favourites: tuple[Kit, ...]
    tops: tuple[Kit, ...]
    hits: Kit


def make_pool(bank: SliceBank, sources: list[int], proportions: Proportions) -> Pool:
    """Sort sources into loops that can carry a break (a kick and a snare at least), other loops, and single hits."""
    kits = [_loop_kit(bank, i) for i in sources if bank.sources[i].beats]
    mains = tuple(kit for kit in kits if kit.has("kick", "snare"))
    favourites = tuple(k for k in mains if any(word in bank.sources[k.source].name.lower() for word in proportions.favourites))
    hit_slices = np.flatnonzero(np.isin(bank.table["source"], [i for i in sources if not bank.sources[i].beats]))
    hits = Kit(-1, 0, 0.0, _by_role(bank, hit_slices))
    return Pool(mains, favourites, tuple(kits), hits)


def can_make_breaks(pool: Pool) -> bool:
    """Whether a pool has a loop with a kick and a snare, or single hits of both roles."""
    return bool(pool.mains) or pool.hits.has("kick", "snare")


def compose(bank: SliceBank, pool: Pool, table: Proportions, beats_per_minute: float, rng: np.random.Generator) -> Plan:
    """Draw one break from a pool that `can_make_breaks`."""
    makers = ("original", "chop", "pattern", "mix")
    weights = np.array([table.original, table.chop, table.pattern, table.mix])
    maker = str(rng.choice(makers, p=weights / weights.sum())) if pool.mains else "mix"
    composer = _Composer(bank, pool, table, beats_per_minute, rng)
    main_source = composer.mix() if maker == "mix" else composer.one_loop(maker)
    return composer.finish(maker, main_source)


def in_order(bank: SliceBank, source: int, first_bar: int = 0) -> Plan:
    """Two bars of a loop as they are, from `first_bar` on and around its end; slices are triggered at the image's tempo."""
    kit = _loop_kit(bank, source)
    length = 4 * kit.beats
    events = []
    for step in range(STEPS):
        for part in (0.0, 0.5):
            index = kit.attacks.get((first_bar * BAR + step) % length + part)
            if index is not None:
                events.append(Event(step + part + float(bank.table["offset"][index]), index, float(STEPS)))
    return Plan("original", source, tuple(_cut_off(events)), Treatment())


class _Composer:
    """Builds one break; every decision takes its random numbers from `rng` in one fixed order."""

    def __init__(
        self, bank: SliceBank, pool: Pool, table: Proportions, beats_per_minute: float, rng: np.random.Generator
    ) -> None:
        self.bank, self.pool, self.table, self.rng = bank, pool, table, rng
        self.beats_per_minute = beats_per_minute
        self.events: list[Event] = []
        self.backbeat_db = -10.0
        self.top_high_pass_hz = 0.0
        self.feel = 1.0 if self.chance(table.keep_feel) else 0.0

    # -- small draws ---------------------------------------------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def between(self, limits: tuple[float, float]) -> float:
        return float(self.rng.uniform(*limits))

    def semitones(self, limits: tuple[int, int]) -> float:
        return float(self.rng.integers(limits[0], limits[1] + 1) * self.rng.choice((-1, 1)))

    def one_of(self, choices: NDArray[np.int64] | tuple[int, ...] | list[int], among_first: int = 4) -> int:
        return int(choices[self.rng.integers(min(len(choices), among_first))])

    def role(self, index: int) -> str:
        return ROLES[self.bank.table["role"][index]]

    def level(self, index: int) -> float:
        return float(self.bank.table["level_db"][index])

    # -- breaks of one loop --------------------------------------------------------------------------------------------

    def one_loop(self, maker: str) -> int:
        table, pool = self.table, self.pool
        favoured = pool.favourites and self.chance(table.favourite_share)
        others = tuple(kit for kit in pool.mains if kit not in pool.favourites) or pool.mains
        choices = pool.favourites if favoured else others
        weights = np.array([break_likeness(bank=self.bank, kit=choice) for choice in choices])
        kit = choices[int(self.rng.choice(len(choices), p=weights / weights.sum()))]
        snares = kit.by_role["snare"]
        self.backbeat_db = float(np.median([self.level(i) for i in snares[:3]]))
        steps = self.in_order(kit)
        if maker == "chop":
            self.edit(steps, kit)
        if maker == "original":
            self.play_steps(steps, kit)
        elif maker == "chop":
            self.keep_rules(steps, kit)
            self.play_steps(steps, kit)
        else:
            self.play_groove(kit)
        light = 0.35 if maker == "original" else 1.0
        self.embellish(kit, light)
        if self.chance(table.varispeed):
            speed = 12.0 * np.log2(self.beats_per_minute / kit.beats_per_minute)
            limit = table.varispeed_limit_semitones
            self.transpose(float(np.clip(speed, -limit, limit)))
        if self.chance(table.layered_hits * light):
            self.layer_hits()
        if self.chance(table.added_hats * light):
            self.add_hats(self.pool.hits)
        if self.chance(table.top_loop * light):
            self.add_top_loop(kit)
        return kit.source

    def in_order(self, kit: Kit) -> NDArray[np.float64]:
        """Step map of two bars of the loop as it is: 32 positions in the loop, from a bar start where it has several."""
        loop_steps = 4 * kit.beats
        bars = loop_steps // BAR
        if bars <= 1:
            return np.arange(STEPS, dtype=np.float64) % loop_steps
        first = self.rng.integers(bars - 1)
        return (first * BAR + np.arange(STEPS, dtype=np.float64)) % loop_steps

    def edit(self, steps: NDArray[np.float64], kit: Kit) -> None:
        """Re-order a step map in place, by beats and half beats that keep their place in the bar."""
        loop_beats = kit.beats
        for _ in range(self.rng.integers(self.table.chop_edits[0], self.table.chop_edits[1] + 1)):
            kind = self.rng.choice(("beat", "half", "repeat", "shift"), p=(0.40, 0.30, 0.20, 0.10))
            if kind == "beat":
                beat = int(self.rng.integers(1, 8))
                other = int(self.rng.integers(loop_beats))
                if loop_beats > 1 and other % 2 != beat % 2:
                    other = (other + 1) % loop_beats
                steps[4 * beat : 4 * beat + 4] = 4 * other + np.arange(4)
            elif kind == "half":
                half = int(self.rng.integers(1, 16))
                other = (2 * half + 4 * int(self.rng.integers(loop_beats))) % (4 * loop_beats)
                steps[2 * half : 2 * half + 2] = other + np.arange(2)
            elif kind == "repeat":
                at = int(self.rng.choice((2, 6, 10, 14, 18, 22, 26, 30)))
                steps[at : at + 2] = steps[at - 2 : at]
            else:
                start = int(self.rng.choice((8, 24)))
                steps[start + 2 : start + 8] = steps[start : start + 6].copy()
                steps[start : start + 2] = steps[start - 2 : start]

    def keep_rules(self, steps: NDArray[np.float64], kit: Kit) -> None:
        """Put kicks on the one and snares on two and four of a step map, as often as the table says."""
        for at, role, probability in (
            *((one, "kick", self.table.kick_on_one) for one in (0, BAR)),
            *((two_or_four, "snare", self.table.backbeat) for two_or_four in BACKBEATS),
        ):
            here = kit.attacks.get(float(steps[at]))
            if (here is None or self.role(here) != role) and self.chance(probability):
                index = self.one_of(kit.by_role[role])
                steps[at] = float(self.bank.table["step"][index])

    def play_steps(self, steps: NDArray[np.float64], kit: Kit) -> None:
        """Events of a step map: attacks are triggered, steps without one let the slice before play on."""
        for at in range(STEPS):
            for part in (0.0, 0.5):
                index = kit.attacks.get(float(steps[at]) + part)
                if index is not None:
                    offset = float(np.clip(self.feel * self.bank.table["offset"][index], -0.2, 0.2))
                    self.events.append(Event(at + part + offset, index, float(STEPS)))

    def groove(self) -> list[Groove]:
        """Two bars: the same groove twice, often with another second bar."""
        if self.chance(self.table.half_time):
            return [HALF_TIME, HALF_TIME]
        first = GROOVES[self.rng.integers(len(GROOVES))]
        return [first, GROOVES[self.rng.integers(len(GROOVES))] if self.chance(0.6) else first]

    def play_groove(self, kit: Kit) -> None:
        """A groove with one loop's slices in the main layer."""
        kicks, snares = kit.by_role["kick"], kit.by_role["snare"]
        ghosts = kit.by_role["ghost"] if kit.has("ghost") else snares
        hats = np.concatenate([kit.by_role["hat"], kit.by_role["perc"]])
        kick, snare = self.one_of(kicks), self.one_of(snares)
        figure = HAT_FIGURES[self.rng.integers(len(HAT_FIGURES))]
        density = self.rng.random()
        hat_choices = [self.one_of(hats, 8) for _ in range(3)] if len(hats) else []
        gated = self.chance(self.table.gated)
        following = NOTHING
        for at, (loud, soft) in enumerate(_strokes(self.groove())):
            index, gain = None, 0.0
            if loud == "snare":
                index = snare if self.chance(0.8) else self.one_of(snares)
            elif loud == "kick":
                index, gain = kick if self.chance(0.8) else self.one_of(kicks), float(self.rng.normal(0.0, 1.0))
            elif soft:
                index = self.one_of(ghosts)
                gain = self.ghost_gain(index)
            elif not gated and following != NOTHING:
                index = self.plays_on(kit, following)
            elif hat_choices and figure[at % BAR] != "." and self.chance(0.25 + 0.75 * density):
                index = hat_choices[self.rng.integers(len(hat_choices))]
                gain = (0.0 if figure[at % BAR] == "X" else -4.0) + float(self.rng.normal(0.0, 1.0))
            if loud or soft:
                assert index is not None
                following = float(np.round(self.bank.table["step"][index])) + 1.0
            elif following != NOTHING:
                following += 1.0
            if index is not None:
                self.events.append(Event(float(at), index, float(STEPS), gain))

    def plays_on(self, kit: Kit, step: float) -> int | None:
        """The slice with which a loop goes on at a step after a kick or snare, unless it is a kick or snare itself."""
        index = kit.attacks.get(step % (4 * kit.beats))
        return None if index is None or self.role(index) in ("kick", "snare") else index

    # -- breaks of several kits ----------------------------------------------------------------------------------------

    def mix(self) -> int:
        """Kick, snare and hats each from a kit of its own, single hits or loops."""
        kick_kit, snare_kit = self.kit_with("kick"), self.kit_with("snare")
        kicks, snares = kick_kit.by_role["kick"], snare_kit.by_role["snare"]
        many = 999
        kick = self.one_of(kicks, many if kick_kit is self.pool.hits else 4)
        snare = self.one_of(snares, many if snare_kit is self.pool.hits else 4)
        ghost = self.one_of(snare_kit.by_role["ghost"]) if snare_kit.has("ghost") and self.chance(0.6) else snare
        self.backbeat_db = -12.0
        kick_db = self.backbeat_db + self.between((-2.0, 3.0))
        for at, (loud, soft) in enumerate(_strokes(self.groove())):
            if loud == "kick":
                self.add_hit(float(at), kick, kick_db + float(self.rng.normal(0.0, 0.8)))
            elif loud == "snare":
                self.add_hit(float(at), snare, self.backbeat_db)
            elif soft:
                self.add_hit(float(at), ghost, self.backbeat_db - self.between(self.table.ghost_under_backbeat_db))
        if self.chance(0.8):
            self.add_hats(self.kit_with("hat", 0.5))
        loops = [kit for kit in self.pool.tops if kit.source not in (kick_kit.source, snare_kit.source)]
        if loops and self.chance(0.45):
            self.add_top_loop(loops[self.rng.integers(len(loops))], itself=True)
        self.embellish(Kit(-1, 0, 0.0, {**_no_slices(), "kick": np.array([kick]), "snare": np.array([snare])}), 0.8)
        return snare_kit.source if snare_kit.source >= 0 else int(self.bank.table["source"][snare])

    def kit_with(self, role: str, hits_share: float = 0.6) -> Kit:
        """A kit that has this role (single hits in `hits_share` of the draws); the hits' own pool if none has."""
        loops = [kit for kit in self.pool.tops if kit.has(role)]
        if self.pool.hits.has(role) and (not loops or self.chance(hits_share)):
            return self.pool.hits
        return loops[self.rng.integers(len(loops))] if loops else self.pool.hits

    # -- layers --------------------------------------------------------------------------------------------------------

    def add_hit(self, time: float, index: int, level_db: float, semitones: float = 0.0) -> None:
        """A ringing hit, brought to a level whatever its own was."""
        self.events.append(Event(time, index, 12.0, level_db - self.level(index), semitones, layer=HITS))

    def layer_hits(self) -> None:
        """Double the main layer's kicks, snares or both with single hits."""
        for role in ("kick", "snare"):
            if not self.pool.hits.has(role) or not self.chance(0.65):
                continue
            hit = self.one_of(self.pool.hits.by_role[role], 999)
            under = self.between(self.table.layer_under_db)
            for event in [e for e in self.events if e.layer == MAIN and self.role(e.slice) == role and not e.reverse]:
                self.add_hit(event.time, hit, self.level(event.slice) + event.gain_db - under)

    def add_hats(self, kit: Kit) -> None:
        """A hat figure over the break; now and then an open cymbal on the one."""
        hats = kit.by_role["hat"]
        if len(hats) == 0:
            return
        hat = self.one_of(hats, 999)
        figure = HAT_FIGURES[self.rng.integers(len(HAT_FIGURES))]
        level = self.backbeat_db - self.between(self.table.hats_under_backbeat_db)
        for at in range(STEPS):
            if figure[at % BAR] != ".":
                soft = 0.0 if figure[at % BAR] == "X" else -5.0
                self.add_hit(float(at), hat, level + soft + float(self.rng.normal(0.0, 1.2)))
        cymbals = self.pool.hits.by_role["cymbal"]
        if len(cymbals) and self.chance(0.15):
            self.add_hit(0.0, self.one_of(cymbals, 999), level + 4.0)

    def add_top_loop(self, kit: Kit, itself: bool = False) -> None:
        """Another loop in order, high-passed, under the break."""
        if not itself:
            others = [other for other in self.pool.tops if other.source != kit.source]
            if not others:
                return
            kit = others[self.rng.integers(len(others))]
        loudest = max(self.level(i) for i in kit.attacks.values())
        gain = self.backbeat_db - self.between(self.table.top_loop_under_db) - loudest
        self.top_high_pass_hz = float(np.exp(self.rng.uniform(np.log(250.0), np.log(2500.0))))
        steps = self.in_order(kit)
        for at in range(STEPS):
            index = kit.attacks.get(float(steps[at]))
            if index is not None:
                self.events.append(Event(float(at), index, 8.0, gain, layer=TOP))

    # -- variations on any break ---------------------------------------------------------------------------------------

    def embellish(self, kit: Kit, amount: float) -> None:
        """Variations in the order in which a programmer would try them; `amount` scales their chances."""
        table = self.table
        kicks, snares = kit.by_role["kick"], kit.by_role["snare"]
        if self.chance(table.displaced_kick * amount):
            self.displace_kick()
        if self.chance(table.extra_kick * amount):
            at = float(self.rng.choice((3, 6, 7, 10, 11, 13)) + BAR * self.rng.integers(2))
            self.put(at, self.one_of(kicks))
        if self.chance(table.late_snare * amount):
            self.late_snare(kit)
        if self.chance(table.thin * amount):
            self.thin()
        if self.chance(table.ghosts * amount):
            self.add_ghosts(kit)
        if self.chance(table.stutter * amount):
            self.stutter()
        if self.chance(table.roll * amount):
            self.roll(self.one_of(snares))
        if self.chance(table.reverse * amount):
            self.reverse()
        if self.chance(table.single_pitch * amount):
            self.pitch_some()
        if self.chance(table.drop_out * amount):
            self.drop_out()

    def ghost_gain(self, index: int) -> float:
        """Gain that puts a slice as far under the backbeat as the table says."""
        return self.backbeat_db - self.between(self.table.ghost_under_backbeat_db) - self.level(index)

    def put(self, at: float, index: int) -> None:
        """Play a slice at a step, instead of what the main layer has there; in a kit mix it is a hit as loud as its likes."""
        alike = [e for e in self.events if e.layer == HITS and e.slice == index]
        if alike:
            self.events.append(replace(alike[0], time=at))
        else:
            self.events = [e for e in self.events if e.layer != MAIN or abs(e.time - at) > 0.3]
            self.events.append(Event(at, index, float(STEPS)))

    def displace_kick(self) -> None:
        kicks = [i for i, e in enumerate(self.events) if self.role(e.slice) == "kick" and e.time % BAR > 0.6 and e.layer != TOP]
        if not kicks:
            return
        chosen = kicks[self.rng.integers(len(kicks))]
        time = self.events[chosen].time + float(self.rng.choice((-2, -1, 1, 2)))
        if any(abs(time - beat) < 0.6 for beat in (0, BAR, *BACKBEATS)):
            return
        self.events[chosen] = replace(self.events[chosen], time=time % STEPS)

    def late_snare(self, kit: Kit) -> None:
        """The four of one bar comes an eighth late."""
        four = float(12 + BAR * self.rng.integers(2))
        moved = [e for e in self.events if abs(e.time - four) < 0.4 and self.role(e.slice) == "snare"]
        if not moved:
            return
        self.events = [e for e in self.events if e not in moved and not (e.layer == MAIN and abs(e.time - four - 2.0) < 0.4)]
        self.events += [replace(e, time=e.time + 2.0) for e in moved]
        hats = kit.by_role["hat"]
        if len(hats) and self.chance(0.7):
            self.events.append(Event(four, self.one_of(hats), float(STEPS)))

    def thin(self) -> None:
        """Leave out a share of everything but kicks on the one and backbeats."""
        share = self.rng.uniform(0.3, 1.0)
        kept = []
        for event in self.events:
            near = round(event.time)
            role = self.role(event.slice)
            anchor = (near % BAR == 0 and role == "kick") or (near in BACKBEATS and role == "snare")
            worth = 0.5 if role == "kick" else 1.0
            if anchor or not self.chance(share * worth):
                kept.append(event)
        self.events = kept

    def add_ghosts(self, kit: Kit) -> None:
        """Soft snares on free weak sixteenths, ringing over the main layer."""
        choices = kit.by_role["ghost"] if kit.has("ghost") and self.chance(0.5) else kit.by_role["snare"]
        loud = [e.time for e in self.events if self.role(e.slice) in ("kick", "snare") and e.layer != TOP]
        usual = self.rng.uniform(0.2, 0.8)
        index = self.one_of(choices)
        for s in (1, 3, 5, 7, 9, 11, 13, 15, 6, 14):
            for bar in range(2):
                at = float(s + BAR * bar)
                probability = usual * (1.0 if s in (7, 9, 15) else 0.5)
                if not any(abs(at - time) < 0.6 for time in loud) and self.chance(probability):
                    self.events.append(Event(at, index, 1.6, self.ghost_gain(index), layer=HITS))

    def stutter(self) -> None:
        """One main slice repeated over half a beat or a beat."""
        candidates = [e for e in self.events if e.layer == MAIN and e.time % 4 < 2.5 and e.time > 2.0]
        if not candidates:
            return
        event = candidates[self.rng.integers(len(candidates))]
        span = float(self.rng.choice((2.0, 3.0, 4.0)))
        period = float(self.rng.choice((0.5, 1.0, 1.0, 2.0 / 3.0)))
        end = min(event.time + span, float(STEPS))
        self.events = [e for e in self.events if e.layer != MAIN or not event.time - 0.01 <= e.time < end - 0.05]
        for k in range(round((end - event.time) / period)):
            self.events.append(replace(event, time=event.time + k * period))

    def roll(self, snare: int) -> None:
        """A snare roll up to the end of a bar, louder (or softer) and sometimes higher as it goes."""
        end = float(STEPS if self.chance(0.7) else BAR)
        span = float(self.rng.choice((2.0, 4.0, 4.0)))
        period = float(self.rng.choice((0.5, 0.5, 1.0, 2.0 / 3.0)))
        start = end - span
        count = round(span / period)
        keep_four = span == 4.0 and self.chance(0.7)
        first_db, last_db = (-12.0, -1.0) if self.chance(0.7) else (-1.0, -10.0)
        rise = float(self.rng.choice((0.0, 0.0, 3.0, 5.0, -3.0)))
        ringing = any(e.slice == snare and e.layer == HITS for e in self.events)
        self.events = [e for e in self.events if e.layer == TOP or not start - 0.3 <= e.time < end - 0.3]
        for k in range(count):
            part = k / max(1, count - 1)
            gain = 0.0 if k == 0 and keep_four else first_db + (last_db - first_db) * part
            event = Event(start + k * period, snare, period, gain, rise * part, layer=MAIN)
            if ringing:
                event = replace(event, gain_db=gain + self.backbeat_db - self.level(snare), length=period + 0.2, layer=HITS)
            self.events.append(event)

    def reverse(self) -> None:
        """One or two slices played backwards, by preference into a backbeat or the one."""
        times = self.rng.choice((2.0, 3.0, 10.0, 14.0, 18.0, 26.0, 30.0), size=self.rng.integers(1, 3), replace=False)
        for at in times.tolist():
            here = [i for i, e in enumerate(self.events) if abs(e.time - at) < 0.3 and e.layer != TOP]
            loud = [e for e in self.events if self.role(e.slice) in ("snare", "kick", "cymbal") and e.layer != TOP]
            if not loud:
                return
            event = loud[self.rng.integers(len(loud))]
            length = 2.0 if at % 4 == 2.0 else 1.0
            reversed_event = replace(event, time=at, length=length, reverse=True, gain_db=event.gain_db - 2.0)
            self.events = [e for i, e in enumerate(self.events) if i not in here]
            self.events.append(reversed_event)

    def pitch_some(self) -> None:
        candidates = [i for i, e in enumerate(self.events) if e.layer != TOP]
        semitones = self.semitones(self.table.single_pitch_semitones)
        for _ in range(int(self.rng.integers(1, 5))):
            if candidates:
                i = candidates[self.rng.integers(len(candidates))]
                self.events[i] = replace(self.events[i], semitones=self.events[i].semitones + semitones)

    def drop_out(self) -> None:
        """Silence in the main layer and the hits for one to four steps, up to a backbeat or the end of a bar."""
        length = float(self.rng.integers(1, 5))
        end = float(self.rng.choice((4.0, 12.0, 16.0, 20.0, 28.0, 32.0, 32.0, 32.0)))
        start = max(end - length, end - 4.0 if end % 16 else end - 3.0, 1.0)
        kept = [e for e in self.events if not start - 0.3 <= e.time < end - 0.3]
        self.events = [
            replace(e, length=min(e.length, start - e.time)) if e.time < start and e.layer == MAIN else e for e in kept
        ]

    def transpose(self, semitones: float) -> None:
        self.events = [replace(e, semitones=e.semitones + semitones) for e in self.events]

    # -- the end -------------------------------------------------------------------------------------------------------

    def finish(self, maker: str, main_source: int) -> Plan:
        """Pitch, feel, cut-offs and treatment."""
        table, rng = self.table, self.rng
        if self.chance(table.pitch):
            self.transpose(self.semitones(table.pitch_semitones))
        swing = self.between(table.swing_percent) / 100.0 if self.chance(table.swing) else 0.5
        loose_ms = self.between(table.loose_ms) if self.chance(table.loose) else 0.0
        step_ms = 15000.0 / self.beats_per_minute
        events = []
        for event in sorted(self.events, key=lambda e: (e.layer, e.time, e.slice)):
            move_ms = float(np.clip(rng.normal(0.0, 1.0) * loose_ms, -table.loose_limit_ms, table.loose_limit_ms))
            if event.time == 0.0:
                move_ms *= 0.3
            events.append(replace(event, time=swung(event.time, swing) + move_ms / step_ms))
        return Plan(maker, main_source, tuple(_cut_off(events)), self.treatment(), self.top_high_pass_hz)

    def treatment(self) -> Treatment:
        table, rng = self.table, self.rng
        treatment = Treatment()
        if self.chance(table.kick_shelf):
            treatment = replace(treatment, kick_shelf_db=self.between(table.kick_shelf_db))
        if self.chance(table.air_shelf):
            treatment = replace(treatment, air_shelf_db=self.between(table.air_shelf_db))
        if self.chance(table.low_pass):
            treatment = replace(treatment, low_pass_hz=float(np.exp(rng.uniform(*np.log(table.low_pass_hz)))))
        if self.chance(table.high_pass):
            treatment = replace(treatment, high_pass_hz=float(np.exp(rng.uniform(*np.log(table.high_pass_hz)))))
        if self.chance(table.room):
            treatment = replace(
                treatment,
                room_seconds=self.between(table.room_seconds),
                room_under_db=self.between(table.room_under_db),
                room_seed=int(rng.integers(2**31)),
            )
        if self.chance(table.grit):
            if self.chance(0.75):
                treatment = replace(treatment, drive_db=self.between(table.grit_drive_db))
            else:
                treatment = replace(treatment, bits=int(rng.integers(table.grit_bits[0], table.grit_bits[1] + 1)))
        return treatment


def break_likeness(bank: SliceBank, kit: Kit) -> float:
    """Weight of a loop among its likes, 1 to 6: a kick on its one and a snare on its two or four make it a break."""
    role = {step: ROLES[bank.table["role"][index]] for step, index in kit.attacks.items()}
    return 1.0 + 3.0 * (role.get(0.0) == "kick") + 2.0 * ("snare" in (role.get(4.0), role.get(12.0)))


def swung(time: float, swing: float) -> float:
    """A time in sixteenths on a grid whose off sixteenths stand at the share `swing` (0.5 is even) of their eighth."""
    eighth, within = divmod(time, 2.0)
    late = 2.0 * swing
    return 2.0 * eighth + (within * late if within < 1.0 else late + (within - 1.0) * (2.0 - late))


def _strokes(bars: list[Groove]) -> list[tuple[str, bool]]:
    """For each sixteenth of the bars: the role of its loud stroke ("" for none), and whether it has a soft snare."""
    kicks, snares = "".join(bar.kick for bar in bars), "".join(bar.snare for bar in bars)
    loud = ["snare" if s == "X" else "kick" if k == "X" else "" for k, s in zip(kicks, snares, strict=True)]
    return [(role, s == "o" and not role) for role, s in zip(loud, snares, strict=True)]


def _cut_off(events: list[Event]) -> list[Event]:
    """End each event of the main layer where the next one begins, around the ring."""
    main = sorted((e for e in events if e.layer == MAIN), key=lambda e: e.time)
    cut = []
    for event, following in zip(main, main[1:] + main[:1], strict=True):
        gap = (following.time - event.time) % STEPS if len(main) > 1 else float(STEPS)
        # Two at once would be a flam of one: the later one of the list stands for both.
        if gap >= 0.15:
            cut.append(replace(event, length=min(event.length, gap)))
    return cut + [e for e in events if e.layer != MAIN]


def _no_slices() -> dict[str, NDArray[np.int64]]:
    return {role: np.zeros(0, np.int64) for role in ROLES}


def _by_role(bank: SliceBank, slices: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    result = _no_slices()
    for number, role in enumerate(ROLES):
        mine = slices[bank.table["role"][slices] == number]
        result[role] = mine[np.argsort(-bank.table["level_db"][mine], kind="stable")]
    return result


def _loop_kit(bank: SliceBank, source: int) -> Kit:
    slices = bank.of_source(source)
    record = bank.sources[source]
    attacks = {float(bank.table["step"][i]): int(i) for i in slices if ROLES[bank.table["role"][i]] != "rest"}
    return Kit(source, record.beats, record.beats_per_minute, _by_role(bank, slices), attacks)
