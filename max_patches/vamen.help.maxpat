{
 "patcher": {
  "fileversion": 1,
  "appversion": {
   "major": 8,
   "minor": 5,
   "revision": 5,
   "architecture": "x64",
   "modernui": 1
  },
  "classnamespace": "box",
  "rect": [
   85.0,
   104.0,
   1683.0,
   1760.0
  ],
  "bglocked": 0,
  "openinpresentation": 0,
  "default_fontsize": 12.0,
  "default_fontface": 0,
  "default_fontname": "Arial",
  "gridonopen": 1,
  "gridsize": [
   15.0,
   15.0
  ],
  "gridsnaponopen": 1,
  "objectsnaponopen": 1,
  "statusbarvisible": 2,
  "toolbarvisible": 1,
  "lefttoolbarpinned": 0,
  "toptoolbarpinned": 0,
  "righttoolbarpinned": 0,
  "bottomtoolbarpinned": 0,
  "toolbars_unpinned_last_save": 0,
  "tallnewobj": 0,
  "boxanimatetime": 200,
  "enablehscroll": 1,
  "enablevscroll": 1,
  "devicewidth": 0.0,
  "description": "",
  "digest": "",
  "tags": "",
  "style": "",
  "subpatcher_template": "",
  "assistshowspatchername": 0,
  "boxes": [
   {
    "box": {
     "id": "obj-1",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      30.0,
      198.0,
      22.0
     ],
     "fontface": 1,
     "fontsize": 13.0,
     "text": "VAmEn in five minutes"
    }
   },
   {
    "box": {
     "id": "obj-2",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      60.0,
      294.0,
      22.0
     ],
     "text": "1  Start VAmEn in a terminal: vamen play"
    }
   },
   {
    "box": {
     "id": "obj-3",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      90.0,
      672.0,
      22.0
     ],
     "text": "2  Open vamen.maxpat beside this one: the numbers at its top run, and every control is at hand"
    }
   },
   {
    "box": {
     "id": "obj-4",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      120.0,
      868.0,
      22.0
     ],
     "text": "3  In patches of your own: vamen.send HOST PORT takes messages, vamen.receive OWN-PORT HOST PORT hands out what comes back"
    }
   },
   {
    "box": {
     "id": "obj-5",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      150.0,
      721.0,
      22.0
     ],
     "text": "4  While vamen.maxpat is open, s vamen.to reaches VAmEn from any patch, and r vamen.position hears it"
    }
   },
   {
    "box": {
     "id": "obj-6",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      180.0,
      658.0,
      22.0
     ],
     "text": "5  Files: vamen play --watch-folder breaks. Each path goes into the polybuffer~ vamen.breaks"
    }
   },
   {
    "box": {
     "id": "obj-7",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      247.0,
      382.0,
      22.0
     ],
     "fontface": 1,
     "fontsize": 13.0,
     "text": "sending: click a message, or drag the number"
    }
   },
   {
    "box": {
     "id": "obj-8",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      277.0,
      147.0,
      22.0
     ],
     "text": "/vamen/axis/air 0.8",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-9",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      307.0,
      175.0,
      22.0
     ],
     "text": "/vamen/morph/mode blend",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-10",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      337.0,
      154.0,
      22.0
     ],
     "text": "/vamen/slot/recall 2",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-11",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      367.0,
      105.0,
      22.0
     ],
     "text": "/vamen/random",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-12",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      397.0,
      189.0,
      22.0
     ],
     "text": "vamen.send 127.0.0.1 9000"
    }
   },
   {
    "box": {
     "id": "obj-13",
     "maxclass": "flonum",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      234.0,
      277.0,
      70.0,
      22.0
     ],
     "minimum": 0.0,
     "maximum": 1.0,
     "format": 6,
     "parameter_enable": 0,
     "outlettype": [
      "",
      "bang"
     ]
    }
   },
   {
    "box": {
     "id": "obj-14",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      234.0,
      307.0,
      182.0,
      22.0
     ],
     "text": "prepend /vamen/axis/kick",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-15",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      464.0,
      302.0,
      22.0
     ],
     "fontface": 1,
     "fontsize": 13.0,
     "text": "receiving: it subscribes by itself"
    }
   },
   {
    "box": {
     "id": "obj-16",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 7,
     "patching_rect": [
      30.0,
      494.0,
      245.0,
      22.0
     ],
     "text": "vamen.receive 9006 127.0.0.1 9000",
     "outlettype": [
      "",
      "",
      "",
      "",
      "",
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-17",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      546.0,
      91.0,
      22.0
     ],
     "text": "prepend set",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-18",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      576.0,
      40.0,
      22.0
     ],
     "text": "-",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-19",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      606.0,
      217.0,
      22.0
     ],
     "text": "position: bar beat step place"
    }
   },
   {
    "box": {
     "id": "obj-20",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      262.0,
      546.0,
      91.0,
      22.0
     ],
     "text": "prepend set",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-21",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      262.0,
      576.0,
      40.0,
      22.0
     ],
     "text": "-",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-22",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      262.0,
      606.0,
      189.0,
      22.0
     ],
     "text": "column: 64 levels, 0 to 1"
    }
   },
   {
    "box": {
     "id": "obj-23",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      466.0,
      546.0,
      91.0,
      22.0
     ],
     "text": "prepend set",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-24",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      466.0,
      576.0,
      40.0,
      22.0
     ],
     "text": "-",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-25",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      466.0,
      606.0,
      245.0,
      22.0
     ],
     "text": "exported: path of a finished file"
    }
   },
   {
    "box": {
     "id": "obj-26",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      726.0,
      546.0,
      91.0,
      22.0
     ],
     "text": "prepend set",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-27",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      726.0,
      576.0,
      40.0,
      22.0
     ],
     "text": "-",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-28",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      726.0,
      606.0,
      133.0,
      22.0
     ],
     "text": "error: a sentence"
    }
   },
   {
    "box": {
     "id": "obj-29",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      874.0,
      546.0,
      91.0,
      22.0
     ],
     "text": "prepend set",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-30",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      874.0,
      576.0,
      40.0,
      22.0
     ],
     "text": "-",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-31",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      874.0,
      606.0,
      308.0,
      22.0
     ],
     "text": "repaint: milliseconds, whole and last step"
    }
   },
   {
    "box": {
     "id": "obj-32",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1197.0,
      546.0,
      91.0,
      22.0
     ],
     "text": "prepend set",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-33",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1197.0,
      576.0,
      40.0,
      22.0
     ],
     "text": "-",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-34",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1197.0,
      606.0,
      224.0,
      22.0
     ],
     "text": "learnt: address, what moves it"
    }
   },
   {
    "box": {
     "id": "obj-35",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1436.0,
      546.0,
      91.0,
      22.0
     ],
     "text": "prepend set",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-36",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1436.0,
      576.0,
      40.0,
      22.0
     ],
     "text": "-",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-37",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1436.0,
      606.0,
      217.0,
      22.0
     ],
     "text": "state: /vamen/state/... value"
    }
   },
   {
    "box": {
     "id": "obj-38",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      673.0,
      270.0,
      22.0
     ],
     "fontface": 1,
     "fontsize": 13.0,
     "text": "everything that it can be told"
    }
   },
   {
    "box": {
     "id": "obj-39",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      703.0,
      742.0,
      22.0
     ],
     "text": "/vamen/axis/density   f 0 to 1   turn a knob of the sound, by name or number; 0.5 is the break as stored"
    }
   },
   {
    "box": {
     "id": "obj-40",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      733.0,
      721.0,
      22.0
     ],
     "text": "/vamen/axis/chop   f 0 to 1   turn a knob of the sound, by name or number; 0.5 is the break as stored"
    }
   },
   {
    "box": {
     "id": "obj-41",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      763.0,
      735.0,
      22.0
     ],
     "text": "/vamen/axis/ghosts   f 0 to 1   turn a knob of the sound, by name or number; 0.5 is the break as stored"
    }
   },
   {
    "box": {
     "id": "obj-42",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      793.0,
      721.0,
      22.0
     ],
     "text": "/vamen/axis/kick   f 0 to 1   turn a knob of the sound, by name or number; 0.5 is the break as stored"
    }
   },
   {
    "box": {
     "id": "obj-43",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      823.0,
      714.0,
      22.0
     ],
     "text": "/vamen/axis/air   f 0 to 1   turn a knob of the sound, by name or number; 0.5 is the break as stored"
    }
   },
   {
    "box": {
     "id": "obj-44",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      853.0,
      728.0,
      22.0
     ],
     "text": "/vamen/axis/snare   f 0 to 1   turn a knob of the sound, by name or number; 0.5 is the break as stored"
    }
   },
   {
    "box": {
     "id": "obj-45",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      883.0,
      721.0,
      22.0
     ],
     "text": "/vamen/axis/room   f 0 to 1   turn a knob of the sound, by name or number; 0.5 is the break as stored"
    }
   },
   {
    "box": {
     "id": "obj-46",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      913.0,
      721.0,
      22.0
     ],
     "text": "/vamen/axis/grit   f 0 to 1   turn a knob of the sound, by name or number; 0.5 is the break as stored"
    }
   },
   {
    "box": {
     "id": "obj-47",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      943.0,
      714.0,
      22.0
     ],
     "text": "/vamen/axis/pc1   f 0 to 1   turn a knob of the sound, by name or number; 0.5 is the break as stored"
    }
   },
   {
    "box": {
     "id": "obj-48",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      973.0,
      714.0,
      22.0
     ],
     "text": "/vamen/axis/pc2   f 0 to 1   turn a knob of the sound, by name or number; 0.5 is the break as stored"
    }
   },
   {
    "box": {
     "id": "obj-49",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1003.0,
      903.0,
      22.0
     ],
     "text": "/vamen/latent   f... -8 to 8   set the whole break step after step, or every step to one vector, in units of the prior's scales"
    }
   },
   {
    "box": {
     "id": "obj-50",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1033.0,
      427.0,
      22.0
     ],
     "text": "/vamen/latent/<step>   f... -8 to 8   set one step's vector"
    }
   },
   {
    "box": {
     "id": "obj-51",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1063.0,
      525.0,
      22.0
     ],
     "text": "/vamen/latent/<step>/<dimension>   f -8 to 8   set one number of one step"
    }
   },
   {
    "box": {
     "id": "obj-52",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1093.0,
      630.0,
      22.0
     ],
     "text": "/vamen/random   [i] 0 to 2147483647   draw a new break; the same seed draws the same one"
    }
   },
   {
    "box": {
     "id": "obj-53",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1123.0,
      497.0,
      22.0
     ],
     "text": "/vamen/slot/store   i 1 to 128   keep the break that sounds in a slot"
    }
   },
   {
    "box": {
     "id": "obj-54",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1153.0,
      385.0,
      22.0
     ],
     "text": "/vamen/slot/recall   i 1 to 128   play a slot's break"
    }
   },
   {
    "box": {
     "id": "obj-55",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1183.0,
      399.0,
      22.0
     ],
     "text": "/vamen/morph/a   i 1 to 128   the slot at the morph's 0"
    }
   },
   {
    "box": {
     "id": "obj-56",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1213.0,
      399.0,
      22.0
     ],
     "text": "/vamen/morph/b   i 1 to 128   the slot at the morph's 1"
    }
   },
   {
    "box": {
     "id": "obj-57",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1243.0,
      511.0,
      22.0
     ],
     "text": "/vamen/morph   f 0 to 1   move between the slots of morph/a and morph/b"
    }
   },
   {
    "box": {
     "id": "obj-58",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1273.0,
      735.0,
      22.0
     ],
     "text": "/vamen/morph/mode   s steps, blend   how morph moves: step after step, weak beats first, or all at once"
    }
   },
   {
    "box": {
     "id": "obj-59",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1303.0,
      448.0,
      22.0
     ],
     "text": "/vamen/tempo   f 60 to 240   beats per minute; the pitch stays"
    }
   },
   {
    "box": {
     "id": "obj-60",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1333.0,
      945.0,
      22.0
     ],
     "text": "/vamen/tempo/mode   s paint, repitch   what a new tempo does: paint keeps the pitch, repitch plays faster or slower as a sampler does"
    }
   },
   {
    "box": {
     "id": "obj-61",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1363.0,
      217.0,
      22.0
     ],
     "text": "/vamen/tap      tap the tempo"
    }
   },
   {
    "box": {
     "id": "obj-62",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1393.0,
      644.0,
      22.0
     ],
     "text": "/vamen/nudge   f -4 to 4   move every beat earlier by so many beats, or with a minus later"
    }
   },
   {
    "box": {
     "id": "obj-63",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1423.0,
      819.0,
      22.0
     ],
     "text": "/vamen/clock   s internal, midi, link   who supplies the beat; with an outside clock it is silent until that starts"
    }
   },
   {
    "box": {
     "id": "obj-64",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1453.0,
      525.0,
      22.0
     ],
     "text": "/vamen/play      start on the one; with an outside clock, on its next bar"
    }
   },
   {
    "box": {
     "id": "obj-65",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1483.0,
      231.0,
      22.0
     ],
     "text": "/vamen/stop      stop the sound"
    }
   },
   {
    "box": {
     "id": "obj-66",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1513.0,
      546.0,
      22.0
     ],
     "text": "/vamen/quantise   s off, step, beat, bar, loop   when a new break takes over"
    }
   },
   {
    "box": {
     "id": "obj-67",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1543.0,
      350.0,
      22.0
     ],
     "text": "/vamen/gain   f 0 to 1   volume, a linear factor"
    }
   },
   {
    "box": {
     "id": "obj-68",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1573.0,
      707.0,
      22.0
     ],
     "text": "/vamen/trigger   i 0 to 32   play from this step on at once; 0 goes back to where the loop would be"
    }
   },
   {
    "box": {
     "id": "obj-69",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1603.0,
      630.0,
      22.0
     ],
     "text": "/vamen/export   [s]   write the break that sounds into the watch folder, under this name"
    }
   },
   {
    "box": {
     "id": "obj-70",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1633.0,
      805.0,
      22.0
     ],
     "text": "/vamen/subscribe   i 1 to 65535   send state, position, column, repaint times, file paths and errors to this port"
    }
   },
   {
    "box": {
     "id": "obj-71",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1663.0,
      476.0,
      22.0
     ],
     "text": "/vamen/unsubscribe   i 1 to 65535   send nothing more to this port"
    }
   },
   {
    "box": {
     "id": "obj-72",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1693.0,
      1169.0,
      22.0
     ],
     "text": "/vamen/learn   [s]   the next knob, pad or key that moves gets this address; without one, the next control that arrives by OSC says which, and a second time gives up"
    }
   }
  ],
  "lines": [
   {
    "patchline": {
     "source": [
      "obj-8",
      0
     ],
     "destination": [
      "obj-12",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-9",
      0
     ],
     "destination": [
      "obj-12",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-10",
      0
     ],
     "destination": [
      "obj-12",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-11",
      0
     ],
     "destination": [
      "obj-12",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-13",
      0
     ],
     "destination": [
      "obj-14",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-14",
      0
     ],
     "destination": [
      "obj-12",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-16",
      0
     ],
     "destination": [
      "obj-17",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-17",
      0
     ],
     "destination": [
      "obj-18",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-16",
      1
     ],
     "destination": [
      "obj-20",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-20",
      0
     ],
     "destination": [
      "obj-21",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-16",
      2
     ],
     "destination": [
      "obj-23",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-23",
      0
     ],
     "destination": [
      "obj-24",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-16",
      3
     ],
     "destination": [
      "obj-26",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-26",
      0
     ],
     "destination": [
      "obj-27",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-16",
      4
     ],
     "destination": [
      "obj-29",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-29",
      0
     ],
     "destination": [
      "obj-30",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-16",
      5
     ],
     "destination": [
      "obj-32",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-32",
      0
     ],
     "destination": [
      "obj-33",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-16",
      6
     ],
     "destination": [
      "obj-35",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-35",
      0
     ],
     "destination": [
      "obj-36",
      0
     ],
     "order": 0
    }
   }
  ],
  "dependency_cache": [],
  "autosave": 0,
  "title": "VAmEn help"
 }
}
