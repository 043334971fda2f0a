# ruff: noqa: F821  (op, me and the operator types are TouchDesigner's own names)
"""Builds the VAmEn network inside TouchDesigner. In its textport (Alt-T):

    exec(open('/path/to/vamen_touchdesigner.py').read())

It makes one component, /project1/vamen, and makes it anew when it is run again; nothing outside is touched. Names of operators
and parameters are from Derivative's documentation and from public scripts. It was not run in TouchDesigner itself, only against a
stand-in that knows these names (tests/test_touchdesigner.py).
"""

AXES = ("density", "chop", "ghosts", "kick", "air", "snare", "room", "grit", "pc1", "pc2")
"""Of the shipped models, in their order: `vamen doctor` lists those of another."""

HOST, BRIDGE_PORT = "127.0.0.1", 9000
NUMBERS_PORT, TEXT_PORT = 9004, 9007
"""Where we listen: numbers into a CHOP, paths and sentences into a DAT. Two ports, since one may have only one listener."""

BANDS = 64
MIDDLE = 0.5
SUBSCRIBE_FRAMES = 300

HELLO = f"""# Subscribes every few seconds, so that VAmEn may be started before or after; leaves when TouchDesigner does.
def onFrameStart(frame):
    if frame % {SUBSCRIBE_FRAMES} == 1:
        for port in ({NUMBERS_PORT}, {TEXT_PORT}):
            op('talk').sendOSC('/vamen/subscribe', [port])


def onExit():
    for port in ({NUMBERS_PORT}, {TEXT_PORT}):
        op('talk').sendOSC('/vamen/unsubscribe', [port])
"""

HEARD = """# The newest file's path and the last sentence, each in a Text DAT.
def onReceiveOSC(dat, rowIndex, message, bytes, timeStamp, address, args, peer):
    if address == '/vamen/exported':
        op('newest').text = args[0]
    elif address == '/vamen/error':
        op('error').text = args[0]
"""


def make(parent, kind, name, x, y, **parameters):
    """An operator at a place of the grid, with these parameters. Some builds name one differently: `a__b` tries both."""
    made = parent.create(kind, name)
    made.nodeX, made.nodeY = 200 * x, -150 * y
    for names, value in parameters.items():
        known = [candidate for candidate in names.split("__") if hasattr(made.par, candidate)]
        if not known:
            print(f"{made.path} has no parameter {names}: set it by hand to {value!r}.")
            continue
        setattr(made.par, known[0], value)
    return made


def wire(*operators):
    """Connect each operator's first output to the next one's first input."""
    for index in range(1, len(operators)):
        operators[index].inputConnectors[0].connect(operators[index - 1])


def build(root):
    """The whole component under `root`; returns it."""
    previous = root.op("vamen")
    if previous is not None:
        previous.destroy()
    network = make(root, baseCOMP, "vamen", 0, 0)
    _send(network)
    _receive(network)
    _bars(network)
    return network


def _send(network):
    """A channel for each axis goes to VAmEn whenever it moves; what is no axis is sent by hand: op('talk').sendOSC(...)."""
    table = make(network, tableDAT, "axes", 0, 0)
    table.clear()
    table.appendRow(["name", "address", "minimum", "maximum", "middle"])
    for axis in AXES:
        table.appendRow([axis, f"/vamen/axis/{axis}", 0, 1, MIDDLE])
    channels = {}
    for index, axis in enumerate(AXES):
        # An OSC Out CHOP puts the first slash before a channel's name.
        channels[f"const{index}name__name{index}"] = f"vamen/axis/{axis}"
        channels[f"const{index}value__value{index}"] = MIDDLE
    knobs = make(network, constantCHOP, "knobs", 1, 0, **channels)
    wire(knobs, make(network, oscoutCHOP, "to_vamen", 2, 0, netaddress=HOST, port=BRIDGE_PORT))
    make(network, oscoutDAT, "talk", 0, 1, address__netaddress=HOST, port=BRIDGE_PORT)
    hello = make(network, executeDAT, "hello", 1, 1, framestart=True, exit=True)
    hello.text = HELLO


def _receive(network):
    """Position and spectrogram as channels, paths and sentences as text."""
    numbers = make(network, oscinCHOP, "from_vamen", 0, 2, port=NUMBERS_PORT)
    position = make(network, selectCHOP, "position", 1, 2, channames="vamen/position*")
    named = make(network, renameCHOP, "place", 2, 2, renamefrom="*", renameto="bar beat step place")
    wire(numbers, position, named)
    column = make(network, selectCHOP, "column", 1, 3, channames="vamen/column*")
    in_a_row = make(network, shuffleCHOP, "in_a_row", 2, 3, method="seqall")
    levels = make(network, renameCHOP, "levels", 3, 3, renamefrom="*", renameto="level")
    wire(numbers, column, in_a_row, levels)
    scope = "/vamen/exported /vamen/error"
    heard = make(network, textDAT, "heard", 1, 4)
    heard.text = HEARD
    make(network, oscinDAT, "says", 0, 4, port=TEXT_PORT, callbacks="heard", addscope=scope, maxlines=50)
    make(network, textDAT, "newest", 2, 4)
    make(network, textDAT, "error", 3, 4)


def _bars(network):
    """The example: a bar for each band of the spectrogram, as high as it is loud."""
    places = make(network, tableDAT, "places", 3, 5)
    places.clear()
    places.appendRow(["tx", "ty", "tz"])
    for band in range(BANDS):
        places.appendRow([round(8.0 * (band + 0.5) / BANDS - 4.0, 4), 0, 0])
    material = make(network, constantMAT, "amber", 3, 6, colorr=0.96, colorg=0.65, colorb=0.14)
    bars = make(
        network, geometryCOMP, "bars", 4, 5, material=material.path, instancing=True, instanceop=places.path,
        instancefirstrow="names", instancetx="tx", instancety="ty", instancetz="tz", instancesop=network.op("levels").path,
        instancesy="level",
    )  # fmt: skip
    for child in list(bars.children):
        child.destroy()
    bar = make(bars, boxSOP, "bar", 0, 0, sizex=0.1, sizey=3.0, sizez=0.1)
    bar.render = bar.display = True
    camera = make(network, cameraCOMP, "camera", 4, 6, tz=10.0)
    make(network, renderTOP, "picture", 5, 5, camera=camera.path, geometry=bars.path)


built = build(op("/project1") or op("/"))
print(f"{built.path} is there. Start `vamen play`; turn the values of {built.path}/knobs, and look at {built.path}/picture.")
