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
   1723.0,
   2300.0
  ],
  "bglocked": 0,
  "openinpresentation": 1,
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
      526.0,
      22.0
     ],
     "fontface": 1,
     "fontsize": 13.0,
     "text": "VAmEn: an instrument that plays breakbeats nobody has recorded"
    }
   },
   {
    "box": {
     "id": "obj-2",
     "maxclass": "panel",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      60.0,
      90.0,
      40.0
     ],
     "presentation": 1,
     "presentation_rect": [
      0.0,
      0.0,
      940.0,
      640.0
     ],
     "bgcolor": [
      0.09,
      0.1,
      0.12,
      1.0
     ],
     "mode": 0,
     "rounded": 0,
     "background": 1,
     "ignoreclick": 1
    }
   },
   {
    "box": {
     "id": "obj-3",
     "maxclass": "panel",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      135.0,
      60.0,
      90.0,
      40.0
     ],
     "presentation": 1,
     "presentation_rect": [
      0.0,
      0.0,
      940.0,
      64.0
     ],
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "mode": 0,
     "rounded": 0,
     "background": 1,
     "ignoreclick": 1
    }
   },
   {
    "box": {
     "id": "obj-4",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      240.0,
      60.0,
      60.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      18.0,
      12.0,
      160.0,
      40.0
     ],
     "fontsize": 28.0,
     "fontface": 1,
     "textcolor": [
      0.96,
      0.65,
      0.14,
      1.0
     ],
     "text": "VAmEn"
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
      145.0,
      166.0,
      22.0
     ],
     "fontface": 1,
     "fontsize": 13.0,
     "text": "to and from VAmEn"
    }
   },
   {
    "box": {
     "id": "obj-6",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      175.0,
      84.0,
      22.0
     ],
     "text": "r vamen.to",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-7",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      205.0,
      189.0,
      22.0
     ],
     "text": "vamen.send 127.0.0.1 9000"
    }
   },
   {
    "box": {
     "id": "obj-8",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 7,
     "patching_rect": [
      234.0,
      175.0,
      245.0,
      22.0
     ],
     "text": "vamen.receive 9001 127.0.0.1 9000",
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
     "id": "obj-9",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      257.0,
      126.0,
      22.0
     ],
     "text": "s vamen.position"
    }
   },
   {
    "box": {
     "id": "obj-10",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      171.0,
      257.0,
      112.0,
      22.0
     ],
     "text": "s vamen.column"
    }
   },
   {
    "box": {
     "id": "obj-11",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      298.0,
      257.0,
      126.0,
      22.0
     ],
     "text": "s vamen.exported"
    }
   },
   {
    "box": {
     "id": "obj-12",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      439.0,
      257.0,
      105.0,
      22.0
     ],
     "text": "s vamen.error"
    }
   },
   {
    "box": {
     "id": "obj-13",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      559.0,
      257.0,
      119.0,
      22.0
     ],
     "text": "s vamen.repaint"
    }
   },
   {
    "box": {
     "id": "obj-14",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      693.0,
      257.0,
      112.0,
      22.0
     ],
     "text": "s vamen.learnt"
    }
   },
   {
    "box": {
     "id": "obj-15",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      820.0,
      257.0,
      98.0,
      22.0
     ],
     "text": "s vamen.from"
    }
   },
   {
    "box": {
     "id": "obj-16",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      324.0,
      150.0,
      22.0
     ],
     "fontface": 1,
     "fontsize": 13.0,
     "text": "what comes back"
    }
   },
   {
    "box": {
     "id": "obj-17",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      354.0,
      126.0,
      22.0
     ],
     "text": "r vamen.position",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-18",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 4,
     "patching_rect": [
      30.0,
      384.0,
      119.0,
      22.0
     ],
     "text": "unpack 0 0 0 0.",
     "outlettype": [
      "int",
      "int",
      "int",
      "float"
     ]
    }
   },
   {
    "box": {
     "id": "obj-19",
     "maxclass": "slider",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      414.0,
      200.0,
      20.0
     ],
     "presentation": 1,
     "presentation_rect": [
      134.0,
      286.0,
      786.0,
      12.0
     ],
     "orientation": 1,
     "floatoutput": 1,
     "size": 1.0,
     "min": 0.0,
     "thickness": 4.0,
     "knobcolor": [
      0.96,
      0.65,
      0.14,
      1.0
     ],
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "ignoreclick": 1,
     "parameter_enable": 0,
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-20",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      245.0,
      354.0,
      60.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      190.0,
      12.0,
      40.0,
      20.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "text": "bar"
    }
   },
   {
    "box": {
     "id": "obj-21",
     "maxclass": "number",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      245.0,
      384.0,
      60.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      228.0,
      12.0,
      46.0,
      22.0
     ],
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "ignoreclick": 1,
     "outlettype": [
      "",
      "bang"
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
      320.0,
      354.0,
      60.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      280.0,
      12.0,
      40.0,
      20.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "text": "beat"
    }
   },
   {
    "box": {
     "id": "obj-23",
     "maxclass": "number",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      320.0,
      384.0,
      60.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      318.0,
      12.0,
      46.0,
      22.0
     ],
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "ignoreclick": 1,
     "outlettype": [
      "",
      "bang"
     ]
    }
   },
   {
    "box": {
     "id": "obj-24",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      395.0,
      354.0,
      60.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      370.0,
      12.0,
      40.0,
      20.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "text": "step"
    }
   },
   {
    "box": {
     "id": "obj-25",
     "maxclass": "number",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      395.0,
      384.0,
      60.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      408.0,
      12.0,
      46.0,
      22.0
     ],
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "ignoreclick": 1,
     "outlettype": [
      "",
      "bang"
     ]
    }
   },
   {
    "box": {
     "id": "obj-26",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      470.0,
      354.0,
      112.0,
      22.0
     ],
     "text": "r vamen.column",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-27",
     "maxclass": "multislider",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      470.0,
      384.0,
      256.0,
      60.0
     ],
     "presentation": 1,
     "presentation_rect": [
      510.0,
      84.0,
      410.0,
      176.0
     ],
     "size": 64,
     "setminmax": [
      0.0,
      1.0
     ],
     "setstyle": 1,
     "settype": 1,
     "slidercolor": [
      0.96,
      0.65,
      0.14,
      1.0
     ],
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "ignoreclick": 1,
     "parameter_enable": 0,
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-28",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      741.0,
      354.0,
      126.0,
      22.0
     ],
     "text": "r vamen.exported",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-29",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      741.0,
      384.0,
      112.0,
      22.0
     ],
     "text": "prepend append",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-30",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      741.0,
      414.0,
      182.0,
      22.0
     ],
     "text": "polybuffer~ vamen.breaks",
     "outlettype": [
      "",
      "bang"
     ]
    }
   },
   {
    "box": {
     "id": "obj-31",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      938.0,
      354.0,
      119.0,
      22.0
     ],
     "text": "r vamen.repaint",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-32",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      938.0,
      384.0,
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
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      938.0,
      414.0,
      63.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      478.0,
      12.0,
      150.0,
      20.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "text": "repaint"
    }
   },
   {
    "box": {
     "id": "obj-34",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      1072.0,
      354.0,
      112.0,
      22.0
     ],
     "text": "r vamen.learnt",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-35",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1072.0,
      384.0,
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
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1072.0,
      414.0,
      60.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      640.0,
      12.0,
      280.0,
      20.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "text": "learnt"
    }
   },
   {
    "box": {
     "id": "obj-37",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      1199.0,
      354.0,
      105.0,
      22.0
     ],
     "text": "r vamen.error",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-38",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1199.0,
      384.0,
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
     "id": "obj-39",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1199.0,
      414.0,
      60.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      190.0,
      38.0,
      280.0,
      20.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "text": "error"
    }
   },
   {
    "box": {
     "id": "obj-40",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      1319.0,
      354.0,
      126.0,
      22.0
     ],
     "text": "r vamen.exported",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-41",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1319.0,
      384.0,
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
     "id": "obj-42",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1319.0,
      414.0,
      70.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      478.0,
      38.0,
      442.0,
      20.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "text": "exported"
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
      489.0,
      342.0,
      22.0
     ],
     "fontface": 1,
     "fontsize": 13.0,
     "text": "axes: the middle is the break as stored"
    }
   },
   {
    "box": {
     "id": "obj-44",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      519.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-45",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      30.0,
      549.0,
      231.0,
      22.0
     ],
     "text": "route /vamen/state/axis/density",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-46",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      579.0,
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
     "id": "obj-47",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      30.0,
      609.0,
      56.0,
      62.0
     ],
     "parameter_enable": 1,
     "varname": "density",
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_invisible": 2,
       "parameter_longname": "density",
       "parameter_mmax": 1.0,
       "parameter_mmin": 0.0,
       "parameter_shortname": "density",
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "presentation": 1,
     "presentation_rect": [
      20.0,
      84.0,
      56.0,
      62.0
     ],
     "outlettype": [
      "",
      "float"
     ]
    }
   },
   {
    "box": {
     "id": "obj-48",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      684.0,
      203.0,
      22.0
     ],
     "text": "prepend /vamen/axis/density",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-49",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      714.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-50",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      276.0,
      519.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-51",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      276.0,
      549.0,
      210.0,
      22.0
     ],
     "text": "route /vamen/state/axis/chop",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-52",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      276.0,
      579.0,
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
     "id": "obj-53",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      276.0,
      609.0,
      56.0,
      62.0
     ],
     "parameter_enable": 1,
     "varname": "chop",
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_invisible": 2,
       "parameter_longname": "chop",
       "parameter_mmax": 1.0,
       "parameter_mmin": 0.0,
       "parameter_shortname": "chop",
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "presentation": 1,
     "presentation_rect": [
      82.0,
      84.0,
      56.0,
      62.0
     ],
     "outlettype": [
      "",
      "float"
     ]
    }
   },
   {
    "box": {
     "id": "obj-54",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      276.0,
      684.0,
      182.0,
      22.0
     ],
     "text": "prepend /vamen/axis/chop",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-55",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      276.0,
      714.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-56",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      501.0,
      519.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-57",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      501.0,
      549.0,
      224.0,
      22.0
     ],
     "text": "route /vamen/state/axis/ghosts",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-58",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      501.0,
      579.0,
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
     "id": "obj-59",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      501.0,
      609.0,
      56.0,
      62.0
     ],
     "parameter_enable": 1,
     "varname": "ghosts",
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_invisible": 2,
       "parameter_longname": "ghosts",
       "parameter_mmax": 1.0,
       "parameter_mmin": 0.0,
       "parameter_shortname": "ghosts",
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "presentation": 1,
     "presentation_rect": [
      144.0,
      84.0,
      56.0,
      62.0
     ],
     "outlettype": [
      "",
      "float"
     ]
    }
   },
   {
    "box": {
     "id": "obj-60",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      501.0,
      684.0,
      196.0,
      22.0
     ],
     "text": "prepend /vamen/axis/ghosts",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-61",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      501.0,
      714.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-62",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      740.0,
      519.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-63",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      740.0,
      549.0,
      210.0,
      22.0
     ],
     "text": "route /vamen/state/axis/kick",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-64",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      740.0,
      579.0,
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
     "id": "obj-65",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      740.0,
      609.0,
      56.0,
      62.0
     ],
     "parameter_enable": 1,
     "varname": "kick",
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_invisible": 2,
       "parameter_longname": "kick",
       "parameter_mmax": 1.0,
       "parameter_mmin": 0.0,
       "parameter_shortname": "kick",
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "presentation": 1,
     "presentation_rect": [
      206.0,
      84.0,
      56.0,
      62.0
     ],
     "outlettype": [
      "",
      "float"
     ]
    }
   },
   {
    "box": {
     "id": "obj-66",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      740.0,
      684.0,
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
     "id": "obj-67",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      740.0,
      714.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-68",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      965.0,
      519.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-69",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      965.0,
      549.0,
      203.0,
      22.0
     ],
     "text": "route /vamen/state/axis/air",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-70",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      965.0,
      579.0,
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
     "id": "obj-71",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      965.0,
      609.0,
      56.0,
      62.0
     ],
     "parameter_enable": 1,
     "varname": "air",
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_invisible": 2,
       "parameter_longname": "air",
       "parameter_mmax": 1.0,
       "parameter_mmin": 0.0,
       "parameter_shortname": "air",
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "presentation": 1,
     "presentation_rect": [
      268.0,
      84.0,
      56.0,
      62.0
     ],
     "outlettype": [
      "",
      "float"
     ]
    }
   },
   {
    "box": {
     "id": "obj-72",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      965.0,
      684.0,
      175.0,
      22.0
     ],
     "text": "prepend /vamen/axis/air",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-73",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      965.0,
      714.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-74",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      1183.0,
      519.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-75",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1183.0,
      549.0,
      217.0,
      22.0
     ],
     "text": "route /vamen/state/axis/snare",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-76",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1183.0,
      579.0,
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
     "id": "obj-77",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      1183.0,
      609.0,
      56.0,
      62.0
     ],
     "parameter_enable": 1,
     "varname": "snare",
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_invisible": 2,
       "parameter_longname": "snare",
       "parameter_mmax": 1.0,
       "parameter_mmin": 0.0,
       "parameter_shortname": "snare",
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "presentation": 1,
     "presentation_rect": [
      20.0,
      154.0,
      56.0,
      62.0
     ],
     "outlettype": [
      "",
      "float"
     ]
    }
   },
   {
    "box": {
     "id": "obj-78",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1183.0,
      684.0,
      189.0,
      22.0
     ],
     "text": "prepend /vamen/axis/snare",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-79",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1183.0,
      714.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-80",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      1415.0,
      519.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-81",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1415.0,
      549.0,
      210.0,
      22.0
     ],
     "text": "route /vamen/state/axis/room",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-82",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1415.0,
      579.0,
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
     "id": "obj-83",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      1415.0,
      609.0,
      56.0,
      62.0
     ],
     "parameter_enable": 1,
     "varname": "room",
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_invisible": 2,
       "parameter_longname": "room",
       "parameter_mmax": 1.0,
       "parameter_mmin": 0.0,
       "parameter_shortname": "room",
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "presentation": 1,
     "presentation_rect": [
      82.0,
      154.0,
      56.0,
      62.0
     ],
     "outlettype": [
      "",
      "float"
     ]
    }
   },
   {
    "box": {
     "id": "obj-84",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1415.0,
      684.0,
      182.0,
      22.0
     ],
     "text": "prepend /vamen/axis/room",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-85",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1415.0,
      714.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-86",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      766.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-87",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      30.0,
      796.0,
      210.0,
      22.0
     ],
     "text": "route /vamen/state/axis/grit",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-88",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      826.0,
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
     "id": "obj-89",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      30.0,
      856.0,
      56.0,
      62.0
     ],
     "parameter_enable": 1,
     "varname": "grit",
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_invisible": 2,
       "parameter_longname": "grit",
       "parameter_mmax": 1.0,
       "parameter_mmin": 0.0,
       "parameter_shortname": "grit",
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "presentation": 1,
     "presentation_rect": [
      144.0,
      154.0,
      56.0,
      62.0
     ],
     "outlettype": [
      "",
      "float"
     ]
    }
   },
   {
    "box": {
     "id": "obj-90",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      931.0,
      182.0,
      22.0
     ],
     "text": "prepend /vamen/axis/grit",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-91",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      961.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-92",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      255.0,
      766.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-93",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      255.0,
      796.0,
      203.0,
      22.0
     ],
     "text": "route /vamen/state/axis/pc1",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-94",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      255.0,
      826.0,
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
     "id": "obj-95",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      255.0,
      856.0,
      56.0,
      62.0
     ],
     "parameter_enable": 1,
     "varname": "pc1",
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_invisible": 2,
       "parameter_longname": "pc1",
       "parameter_mmax": 1.0,
       "parameter_mmin": 0.0,
       "parameter_shortname": "pc1",
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "presentation": 1,
     "presentation_rect": [
      206.0,
      154.0,
      56.0,
      62.0
     ],
     "outlettype": [
      "",
      "float"
     ]
    }
   },
   {
    "box": {
     "id": "obj-96",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      255.0,
      931.0,
      175.0,
      22.0
     ],
     "text": "prepend /vamen/axis/pc1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-97",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      255.0,
      961.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-98",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      473.0,
      766.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-99",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      473.0,
      796.0,
      203.0,
      22.0
     ],
     "text": "route /vamen/state/axis/pc2",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-100",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      473.0,
      826.0,
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
     "id": "obj-101",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      473.0,
      856.0,
      56.0,
      62.0
     ],
     "parameter_enable": 1,
     "varname": "pc2",
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_invisible": 2,
       "parameter_longname": "pc2",
       "parameter_mmax": 1.0,
       "parameter_mmin": 0.0,
       "parameter_shortname": "pc2",
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "presentation": 1,
     "presentation_rect": [
      268.0,
      154.0,
      56.0,
      62.0
     ],
     "outlettype": [
      "",
      "float"
     ]
    }
   },
   {
    "box": {
     "id": "obj-102",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      473.0,
      931.0,
      175.0,
      22.0
     ],
     "text": "prepend /vamen/axis/pc2",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-103",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      473.0,
      961.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-104",
     "maxclass": "pictslider",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      691.0,
      766.0,
      140.0,
      140.0
     ],
     "presentation": 1,
     "presentation_rect": [
      346.0,
      84.0,
      146.0,
      146.0
     ],
     "jump": 1,
     "leftvalue": 0,
     "rightvalue": 127,
     "bottomvalue": 0,
     "topvalue": 127,
     "parameter_enable": 0,
     "outlettype": [
      "int",
      "int"
     ]
    }
   },
   {
    "box": {
     "id": "obj-105",
     "maxclass": "umenu",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      846.0,
      766.0,
      90.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      346.0,
      238.0,
      71.0,
      22.0
     ],
     "items": [
      "density",
      ",",
      "chop",
      ",",
      "ghosts",
      ",",
      "kick",
      ",",
      "air",
      ",",
      "snare",
      ",",
      "room",
      ",",
      "grit",
      ",",
      "pc1",
      ",",
      "pc2"
     ],
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "outlettype": [
      "int",
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-106",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      846.0,
      796.0,
      196.0,
      22.0
     ],
     "text": "sprintf set /vamen/axis/%s",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-107",
     "maxclass": "newobj",
     "numinlets": 6,
     "numoutlets": 1,
     "patching_rect": [
      1057.0,
      766.0,
      133.0,
      22.0
     ],
     "text": "scale 0 127 0. 1.",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-108",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1057.0,
      796.0,
      203.0,
      22.0
     ],
     "text": "prepend /vamen/axis/density",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-109",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1057.0,
      826.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-110",
     "maxclass": "umenu",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1275.0,
      766.0,
      90.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      421.0,
      238.0,
      71.0,
      22.0
     ],
     "items": [
      "chop",
      ",",
      "ghosts",
      ",",
      "kick",
      ",",
      "air",
      ",",
      "snare",
      ",",
      "room",
      ",",
      "grit",
      ",",
      "pc1",
      ",",
      "pc2",
      ",",
      "density"
     ],
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "outlettype": [
      "int",
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-111",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1275.0,
      796.0,
      196.0,
      22.0
     ],
     "text": "sprintf set /vamen/axis/%s",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-112",
     "maxclass": "newobj",
     "numinlets": 6,
     "numoutlets": 1,
     "patching_rect": [
      1486.0,
      766.0,
      133.0,
      22.0
     ],
     "text": "scale 0 127 0. 1.",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-113",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1486.0,
      796.0,
      182.0,
      22.0
     ],
     "text": "prepend /vamen/axis/chop",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-114",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1486.0,
      826.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-115",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1028.0,
      150.0,
      22.0
     ],
     "fontface": 1,
     "fontsize": 13.0,
     "text": "steps and slots"
    }
   },
   {
    "box": {
     "id": "obj-116",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1058.0,
      63.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      20.0,
      304.0,
      90.0,
      20.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "text": "trigger"
    }
   },
   {
    "box": {
     "id": "obj-117",
     "maxclass": "tab",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      108.0,
      1058.0,
      600.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      110.0,
      302.0,
      810.0,
      26.0
     ],
     "tabs": [
      "0",
      "1",
      "2",
      "3",
      "4",
      "5",
      "6",
      "7",
      "8",
      "9",
      "10",
      "11",
      "12",
      "13",
      "14",
      "15",
      "16",
      "17",
      "18",
      "19",
      "20",
      "21",
      "22",
      "23",
      "24",
      "25",
      "26",
      "27",
      "28",
      "29",
      "30",
      "31",
      "32"
     ],
     "button": 1,
     "spacing_x": 3.0,
     "fontsize": 10.0,
     "parameter_enable": 0,
     "tabcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "clicktabcolor": [
      0.96,
      0.65,
      0.14,
      1.0
     ],
     "htabcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "outlettype": [
      "int",
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-118",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      108.0,
      1088.0,
      40.0,
      22.0
     ],
     "text": "+ 0",
     "outlettype": [
      "int"
     ]
    }
   },
   {
    "box": {
     "id": "obj-119",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      108.0,
      1118.0,
      168.0,
      22.0
     ],
     "text": "prepend /vamen/trigger",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-120",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      108.0,
      1148.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-121",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      723.0,
      1058.0,
      84.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      20.0,
      346.0,
      90.0,
      20.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "text": "slot store"
    }
   },
   {
    "box": {
     "id": "obj-122",
     "maxclass": "tab",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      822.0,
      1058.0,
      600.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      110.0,
      344.0,
      810.0,
      26.0
     ],
     "tabs": [
      "1",
      "2",
      "3",
      "4",
      "5",
      "6",
      "7",
      "8",
      "9",
      "10",
      "11",
      "12",
      "13",
      "14",
      "15",
      "16"
     ],
     "button": 1,
     "spacing_x": 3.0,
     "fontsize": 10.0,
     "parameter_enable": 0,
     "tabcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "clicktabcolor": [
      0.96,
      0.65,
      0.14,
      1.0
     ],
     "htabcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "outlettype": [
      "int",
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-123",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      822.0,
      1088.0,
      40.0,
      22.0
     ],
     "text": "+ 1",
     "outlettype": [
      "int"
     ]
    }
   },
   {
    "box": {
     "id": "obj-124",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      822.0,
      1118.0,
      189.0,
      22.0
     ],
     "text": "prepend /vamen/slot/store",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-125",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      822.0,
      1148.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-126",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1437.0,
      1058.0,
      91.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      20.0,
      388.0,
      90.0,
      20.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "text": "slot recall"
    }
   },
   {
    "box": {
     "id": "obj-127",
     "maxclass": "tab",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      30.0,
      1200.0,
      600.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      110.0,
      386.0,
      810.0,
      26.0
     ],
     "tabs": [
      "1",
      "2",
      "3",
      "4",
      "5",
      "6",
      "7",
      "8",
      "9",
      "10",
      "11",
      "12",
      "13",
      "14",
      "15",
      "16"
     ],
     "button": 1,
     "spacing_x": 3.0,
     "fontsize": 10.0,
     "parameter_enable": 0,
     "tabcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "clicktabcolor": [
      0.96,
      0.65,
      0.14,
      1.0
     ],
     "htabcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "outlettype": [
      "int",
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-128",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      1230.0,
      40.0,
      22.0
     ],
     "text": "+ 1",
     "outlettype": [
      "int"
     ]
    }
   },
   {
    "box": {
     "id": "obj-129",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      1260.0,
      196.0,
      22.0
     ],
     "text": "prepend /vamen/slot/recall",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-130",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1290.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-131",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1357.0,
      294.0,
      22.0
     ],
     "fontface": 1,
     "fontsize": 13.0,
     "text": "morph, transport, draws and files"
    }
   },
   {
    "box": {
     "id": "obj-132",
     "maxclass": "number",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      30.0,
      1387.0,
      70.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      820.0,
      480.0,
      100.0,
      24.0
     ],
     "minimum": 0,
     "maximum": 2147483647,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "outlettype": [
      "",
      "bang"
     ]
    }
   },
   {
    "box": {
     "id": "obj-133",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      1417.0,
      40.0,
      22.0
     ],
     "text": "i 0",
     "outlettype": [
      "int"
     ]
    }
   },
   {
    "box": {
     "id": "obj-134",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      1447.0,
      161.0,
      22.0
     ],
     "text": "prepend /vamen/random",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-135",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1477.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-136",
     "maxclass": "textbutton",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      206.0,
      1387.0,
      80.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      820.0,
      508.0,
      100.0,
      24.0
     ],
     "mode": 0,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "rounded": 4.0,
     "fontsize": 11.0,
     "parameter_enable": 0,
     "text": "this one",
     "outlettype": [
      "",
      "",
      "int"
     ]
    }
   },
   {
    "box": {
     "id": "obj-137",
     "maxclass": "textbutton",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      301.0,
      1387.0,
      80.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      820.0,
      452.0,
      100.0,
      24.0
     ],
     "mode": 0,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "rounded": 4.0,
     "fontsize": 11.0,
     "parameter_enable": 0,
     "text": "random",
     "outlettype": [
      "",
      "",
      "int"
     ]
    }
   },
   {
    "box": {
     "id": "obj-138",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      301.0,
      1417.0,
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
     "id": "obj-139",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      301.0,
      1447.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-140",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      421.0,
      1387.0,
      63.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      20.0,
      454.0,
      70.0,
      18.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "text": "morph a"
    }
   },
   {
    "box": {
     "id": "obj-141",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      499.0,
      1387.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-142",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      499.0,
      1417.0,
      196.0,
      22.0
     ],
     "text": "route /vamen/state/morph/a",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-143",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      499.0,
      1447.0,
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
     "id": "obj-144",
     "maxclass": "number",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      499.0,
      1477.0,
      70.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      20.0,
      472.0,
      50.0,
      22.0
     ],
     "minimum": 1,
     "maximum": 128,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "outlettype": [
      "",
      "bang"
     ]
    }
   },
   {
    "box": {
     "id": "obj-145",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      499.0,
      1507.0,
      168.0,
      22.0
     ],
     "text": "prepend /vamen/morph/a",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-146",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      499.0,
      1537.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-147",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      710.0,
      1387.0,
      63.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      76.0,
      454.0,
      70.0,
      18.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "text": "morph b"
    }
   },
   {
    "box": {
     "id": "obj-148",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      788.0,
      1387.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-149",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      788.0,
      1417.0,
      196.0,
      22.0
     ],
     "text": "route /vamen/state/morph/b",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-150",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      788.0,
      1447.0,
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
     "id": "obj-151",
     "maxclass": "number",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      788.0,
      1477.0,
      70.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      76.0,
      472.0,
      50.0,
      22.0
     ],
     "minimum": 1,
     "maximum": 128,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "outlettype": [
      "",
      "bang"
     ]
    }
   },
   {
    "box": {
     "id": "obj-152",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      788.0,
      1507.0,
      168.0,
      22.0
     ],
     "text": "prepend /vamen/morph/b",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-153",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      788.0,
      1537.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-154",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      999.0,
      1387.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-155",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      999.0,
      1417.0,
      182.0,
      22.0
     ],
     "text": "route /vamen/state/morph",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-156",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      999.0,
      1447.0,
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
     "id": "obj-157",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      999.0,
      1477.0,
      54.0,
      54.0
     ],
     "parameter_enable": 1,
     "varname": "morph",
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_invisible": 2,
       "parameter_longname": "morph",
       "parameter_mmax": 1.0,
       "parameter_mmin": 0.0,
       "parameter_shortname": "morph",
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "presentation": 1,
     "presentation_rect": [
      136.0,
      452.0,
      54.0,
      54.0
     ],
     "outlettype": [
      "",
      "float"
     ]
    }
   },
   {
    "box": {
     "id": "obj-158",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      999.0,
      1537.0,
      154.0,
      22.0
     ],
     "text": "prepend /vamen/morph",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-159",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      999.0,
      1567.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-160",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1196.0,
      1387.0,
      84.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      200.0,
      454.0,
      100.0,
      18.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "text": "morph mode"
    }
   },
   {
    "box": {
     "id": "obj-161",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      1295.0,
      1387.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-162",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1295.0,
      1417.0,
      217.0,
      22.0
     ],
     "text": "route /vamen/state/morph/mode",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-163",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1295.0,
      1447.0,
      133.0,
      22.0
     ],
     "text": "prepend setsymbol",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-164",
     "maxclass": "umenu",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1295.0,
      1477.0,
      90.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      200.0,
      472.0,
      80.0,
      22.0
     ],
     "items": [
      "steps",
      ",",
      "blend"
     ],
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "outlettype": [
      "int",
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-165",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1295.0,
      1507.0,
      189.0,
      22.0
     ],
     "text": "prepend /vamen/morph/mode",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-166",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1295.0,
      1537.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-167",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      1619.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-168",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      30.0,
      1649.0,
      182.0,
      22.0
     ],
     "text": "route /vamen/state/tempo",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-169",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      1679.0,
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
     "id": "obj-170",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      30.0,
      1709.0,
      54.0,
      54.0
     ],
     "parameter_enable": 1,
     "varname": "tempo",
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_invisible": 2,
       "parameter_longname": "tempo",
       "parameter_mmax": 240.0,
       "parameter_mmin": 60.0,
       "parameter_shortname": "tempo",
       "parameter_type": 0,
       "parameter_units": "%.1f",
       "parameter_unitstyle": 9
      }
     },
     "presentation": 1,
     "presentation_rect": [
      566.0,
      452.0,
      54.0,
      54.0
     ],
     "outlettype": [
      "",
      "float"
     ]
    }
   },
   {
    "box": {
     "id": "obj-171",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      1769.0,
      154.0,
      22.0
     ],
     "text": "prepend /vamen/tempo",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-172",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      1799.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-173",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      227.0,
      1619.0,
      84.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      696.0,
      500.0,
      110.0,
      18.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "text": "tempo mode"
    }
   },
   {
    "box": {
     "id": "obj-174",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      326.0,
      1619.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-175",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      326.0,
      1649.0,
      217.0,
      22.0
     ],
     "text": "route /vamen/state/tempo/mode",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-176",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      326.0,
      1679.0,
      133.0,
      22.0
     ],
     "text": "prepend setsymbol",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-177",
     "maxclass": "umenu",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      326.0,
      1709.0,
      90.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      696.0,
      518.0,
      90.0,
      22.0
     ],
     "items": [
      "paint",
      ",",
      "repitch"
     ],
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "outlettype": [
      "int",
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-178",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      326.0,
      1739.0,
      189.0,
      22.0
     ],
     "text": "prepend /vamen/tempo/mode",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-179",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      326.0,
      1769.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-180",
     "maxclass": "textbutton",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      558.0,
      1619.0,
      80.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      434.0,
      452.0,
      58.0,
      24.0
     ],
     "mode": 0,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "rounded": 4.0,
     "fontsize": 11.0,
     "parameter_enable": 0,
     "text": "tap",
     "outlettype": [
      "",
      "",
      "int"
     ]
    }
   },
   {
    "box": {
     "id": "obj-181",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      558.0,
      1649.0,
      84.0,
      22.0
     ],
     "text": "/vamen/tap",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-182",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      558.0,
      1679.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-183",
     "maxclass": "flonum",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      657.0,
      1619.0,
      70.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      496.0,
      480.0,
      58.0,
      24.0
     ],
     "minimum": -4.0,
     "maximum": 4.0,
     "format": 6,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "outlettype": [
      "",
      "bang"
     ]
    }
   },
   {
    "box": {
     "id": "obj-184",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      657.0,
      1649.0,
      49.0,
      22.0
     ],
     "text": "f 0.0",
     "outlettype": [
      "float"
     ]
    }
   },
   {
    "box": {
     "id": "obj-185",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      657.0,
      1679.0,
      154.0,
      22.0
     ],
     "text": "prepend /vamen/nudge",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-186",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      657.0,
      1709.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-187",
     "maxclass": "textbutton",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      826.0,
      1619.0,
      80.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      496.0,
      452.0,
      58.0,
      24.0
     ],
     "mode": 0,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "rounded": 4.0,
     "fontsize": 11.0,
     "parameter_enable": 0,
     "text": "nudge",
     "outlettype": [
      "",
      "",
      "int"
     ]
    }
   },
   {
    "box": {
     "id": "obj-188",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      921.0,
      1619.0,
      60.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      310.0,
      482.0,
      140.0,
      18.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "text": "clock"
    }
   },
   {
    "box": {
     "id": "obj-189",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      996.0,
      1619.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-190",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      996.0,
      1649.0,
      182.0,
      22.0
     ],
     "text": "route /vamen/state/clock",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-191",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      996.0,
      1679.0,
      133.0,
      22.0
     ],
     "text": "prepend setsymbol",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-192",
     "maxclass": "umenu",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      996.0,
      1709.0,
      120.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      310.0,
      500.0,
      120.0,
      22.0
     ],
     "items": [
      "internal",
      ",",
      "midi",
      ",",
      "link"
     ],
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "outlettype": [
      "int",
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-193",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      996.0,
      1739.0,
      154.0,
      22.0
     ],
     "text": "prepend /vamen/clock",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-194",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      996.0,
      1769.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-195",
     "maxclass": "textbutton",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1193.0,
      1619.0,
      80.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      310.0,
      452.0,
      58.0,
      24.0
     ],
     "mode": 0,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "rounded": 4.0,
     "fontsize": 11.0,
     "parameter_enable": 0,
     "text": "play",
     "outlettype": [
      "",
      "",
      "int"
     ]
    }
   },
   {
    "box": {
     "id": "obj-196",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1193.0,
      1649.0,
      91.0,
      22.0
     ],
     "text": "/vamen/play",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-197",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1193.0,
      1679.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-198",
     "maxclass": "textbutton",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1299.0,
      1619.0,
      80.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      372.0,
      452.0,
      58.0,
      24.0
     ],
     "mode": 0,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "rounded": 4.0,
     "fontsize": 11.0,
     "parameter_enable": 0,
     "text": "stop",
     "outlettype": [
      "",
      "",
      "int"
     ]
    }
   },
   {
    "box": {
     "id": "obj-199",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      1299.0,
      1649.0,
      91.0,
      22.0
     ],
     "text": "/vamen/stop",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-200",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1299.0,
      1679.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-201",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1405.0,
      1619.0,
      70.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      696.0,
      454.0,
      110.0,
      18.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "text": "quantise"
    }
   },
   {
    "box": {
     "id": "obj-202",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      1490.0,
      1619.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-203",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      1490.0,
      1649.0,
      203.0,
      22.0
     ],
     "text": "route /vamen/state/quantise",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-204",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1490.0,
      1679.0,
      133.0,
      22.0
     ],
     "text": "prepend setsymbol",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-205",
     "maxclass": "umenu",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      1490.0,
      1709.0,
      90.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      696.0,
      472.0,
      90.0,
      22.0
     ],
     "items": [
      "off",
      ",",
      "step",
      ",",
      "beat",
      ",",
      "bar",
      ",",
      "loop"
     ],
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "outlettype": [
      "int",
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-206",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      1490.0,
      1739.0,
      175.0,
      22.0
     ],
     "text": "prepend /vamen/quantise",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-207",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      1490.0,
      1769.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-208",
     "maxclass": "newobj",
     "numinlets": 0,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      1851.0,
      98.0,
      22.0
     ],
     "text": "r vamen.from",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-209",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      30.0,
      1881.0,
      175.0,
      22.0
     ],
     "text": "route /vamen/state/gain",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-210",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      1911.0,
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
     "id": "obj-211",
     "maxclass": "live.dial",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      30.0,
      1941.0,
      54.0,
      54.0
     ],
     "parameter_enable": 1,
     "varname": "gain",
     "saved_attribute_attributes": {
      "valueof": {
       "parameter_invisible": 2,
       "parameter_longname": "gain",
       "parameter_mmax": 1.0,
       "parameter_mmin": 0.0,
       "parameter_shortname": "gain",
       "parameter_type": 0,
       "parameter_unitstyle": 1
      }
     },
     "presentation": 1,
     "presentation_rect": [
      626.0,
      452.0,
      54.0,
      54.0
     ],
     "outlettype": [
      "",
      "float"
     ]
    }
   },
   {
    "box": {
     "id": "obj-212",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      2001.0,
      147.0,
      22.0
     ],
     "text": "prepend /vamen/gain",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-213",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      2031.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-214",
     "maxclass": "textedit",
     "numinlets": 1,
     "numoutlets": 4,
     "patching_rect": [
      220.0,
      1851.0,
      120.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      20.0,
      584.0,
      120.0,
      24.0
     ],
     "keymode": 1,
     "lines": 1,
     "outputmode": 1,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "outlettype": [
      "",
      "int",
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-215",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      220.0,
      1881.0,
      84.0,
      22.0
     ],
     "text": "route text",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-216",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      220.0,
      1911.0,
      70.0,
      22.0
     ],
     "text": "tosymbol",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-217",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      220.0,
      1941.0,
      161.0,
      22.0
     ],
     "text": "prepend /vamen/export",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-218",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      220.0,
      1971.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-219",
     "maxclass": "textbutton",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      396.0,
      1851.0,
      80.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      20.0,
      556.0,
      120.0,
      24.0
     ],
     "mode": 0,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "rounded": 4.0,
     "fontsize": 11.0,
     "parameter_enable": 0,
     "text": "export",
     "outlettype": [
      "",
      "",
      "int"
     ]
    }
   },
   {
    "box": {
     "id": "obj-220",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      396.0,
      1881.0,
      105.0,
      22.0
     ],
     "text": "/vamen/export",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-221",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      396.0,
      1911.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-222",
     "maxclass": "textedit",
     "numinlets": 1,
     "numoutlets": 4,
     "patching_rect": [
      516.0,
      1851.0,
      120.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      160.0,
      584.0,
      120.0,
      24.0
     ],
     "keymode": 1,
     "lines": 1,
     "outputmode": 1,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "outlettype": [
      "",
      "int",
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-223",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 2,
     "patching_rect": [
      516.0,
      1881.0,
      84.0,
      22.0
     ],
     "text": "route text",
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-224",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      516.0,
      1911.0,
      70.0,
      22.0
     ],
     "text": "tosymbol",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-225",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      516.0,
      1941.0,
      154.0,
      22.0
     ],
     "text": "prepend /vamen/learn",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-226",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      516.0,
      1971.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-227",
     "maxclass": "textbutton",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      685.0,
      1851.0,
      80.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      160.0,
      556.0,
      120.0,
      24.0
     ],
     "mode": 0,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "rounded": 4.0,
     "fontsize": 11.0,
     "parameter_enable": 0,
     "text": "learn",
     "outlettype": [
      "",
      "",
      "int"
     ]
    }
   },
   {
    "box": {
     "id": "obj-228",
     "maxclass": "message",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      685.0,
      1881.0,
      98.0,
      22.0
     ],
     "text": "/vamen/learn",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-229",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      685.0,
      1911.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-230",
     "maxclass": "comment",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      30.0,
      2098.0,
      390.0,
      22.0
     ],
     "fontface": 1,
     "fontsize": 13.0,
     "text": "the latent itself: every number of every step"
    }
   },
   {
    "box": {
     "id": "obj-231",
     "maxclass": "umenu",
     "numinlets": 1,
     "numoutlets": 3,
     "patching_rect": [
      30.0,
      2128.0,
      150.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      310.0,
      556.0,
      150.0,
      22.0
     ],
     "items": [
      "/vamen/latent",
      ",",
      "/vamen/latent/1",
      ",",
      "/vamen/latent/2",
      ",",
      "/vamen/latent/3",
      ",",
      "/vamen/latent/4",
      ",",
      "/vamen/latent/5",
      ",",
      "/vamen/latent/6",
      ",",
      "/vamen/latent/7",
      ",",
      "/vamen/latent/8",
      ",",
      "/vamen/latent/9",
      ",",
      "/vamen/latent/10",
      ",",
      "/vamen/latent/11",
      ",",
      "/vamen/latent/12",
      ",",
      "/vamen/latent/13",
      ",",
      "/vamen/latent/14",
      ",",
      "/vamen/latent/15",
      ",",
      "/vamen/latent/16",
      ",",
      "/vamen/latent/17",
      ",",
      "/vamen/latent/18",
      ",",
      "/vamen/latent/19",
      ",",
      "/vamen/latent/20",
      ",",
      "/vamen/latent/21",
      ",",
      "/vamen/latent/22",
      ",",
      "/vamen/latent/23",
      ",",
      "/vamen/latent/24",
      ",",
      "/vamen/latent/25",
      ",",
      "/vamen/latent/26",
      ",",
      "/vamen/latent/27",
      ",",
      "/vamen/latent/28",
      ",",
      "/vamen/latent/29",
      ",",
      "/vamen/latent/30",
      ",",
      "/vamen/latent/31",
      ",",
      "/vamen/latent/32"
     ],
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "outlettype": [
      "int",
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-232",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      30.0,
      2158.0,
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
     "id": "obj-233",
     "maxclass": "multislider",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      195.0,
      2128.0,
      240.0,
      60.0
     ],
     "presentation": 1,
     "presentation_rect": [
      470.0,
      556.0,
      310.0,
      70.0
     ],
     "size": 24,
     "setminmax": [
      -8.0,
      8.0
     ],
     "setstyle": 1,
     "settype": 1,
     "contdata": 1,
     "slidercolor": [
      0.96,
      0.65,
      0.14,
      1.0
     ],
     "bgcolor": [
      0.09,
      0.1,
      0.12,
      1.0
     ],
     "parameter_enable": 0,
     "outlettype": [
      "",
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-234",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      195.0,
      2203.0,
      161.0,
      22.0
     ],
     "text": "prepend /vamen/latent",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-235",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      195.0,
      2233.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-236",
     "maxclass": "number",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      450.0,
      2128.0,
      70.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      310.0,
      602.0,
      42.0,
      22.0
     ],
     "minimum": 1,
     "maximum": 32,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "outlettype": [
      "",
      "bang"
     ]
    }
   },
   {
    "box": {
     "id": "obj-237",
     "maxclass": "newobj",
     "numinlets": 2,
     "numoutlets": 1,
     "patching_rect": [
      450.0,
      2158.0,
      245.0,
      22.0
     ],
     "text": "sprintf set /vamen/latent/%ld/%ld",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-238",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 1,
     "patching_rect": [
      450.0,
      2188.0,
      189.0,
      22.0
     ],
     "text": "prepend /vamen/latent/1/1",
     "outlettype": [
      ""
     ]
    }
   },
   {
    "box": {
     "id": "obj-239",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 0,
     "patching_rect": [
      450.0,
      2218.0,
      84.0,
      22.0
     ],
     "text": "s vamen.to"
    }
   },
   {
    "box": {
     "id": "obj-240",
     "maxclass": "number",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      710.0,
      2128.0,
      70.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      356.0,
      602.0,
      42.0,
      22.0
     ],
     "minimum": 1,
     "maximum": 24,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "outlettype": [
      "",
      "bang"
     ]
    }
   },
   {
    "box": {
     "id": "obj-241",
     "maxclass": "newobj",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      710.0,
      2158.0,
      49.0,
      22.0
     ],
     "text": "t b i",
     "outlettype": [
      "bang",
      "int"
     ]
    }
   },
   {
    "box": {
     "id": "obj-242",
     "maxclass": "flonum",
     "numinlets": 1,
     "numoutlets": 2,
     "patching_rect": [
      795.0,
      2128.0,
      70.0,
      22.0
     ],
     "presentation": 1,
     "presentation_rect": [
      402.0,
      602.0,
      62.0,
      22.0
     ],
     "minimum": -8.0,
     "maximum": 8.0,
     "format": 6,
     "bgcolor": [
      0.2,
      0.22,
      0.26,
      1.0
     ],
     "textcolor": [
      0.9,
      0.91,
      0.93,
      1.0
     ],
     "fontsize": 11.0,
     "parameter_enable": 0,
     "outlettype": [
      "",
      "bang"
     ]
    }
   }
  ],
  "lines": [
   {
    "patchline": {
     "source": [
      "obj-6",
      0
     ],
     "destination": [
      "obj-7",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-8",
      0
     ],
     "destination": [
      "obj-9",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-8",
      1
     ],
     "destination": [
      "obj-10",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-8",
      2
     ],
     "destination": [
      "obj-11",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-8",
      3
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
      "obj-8",
      4
     ],
     "destination": [
      "obj-13",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-8",
      5
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
      "obj-8",
      6
     ],
     "destination": [
      "obj-15",
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
      "obj-18",
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
      "obj-18",
      1
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
      "obj-18",
      2
     ],
     "destination": [
      "obj-25",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-18",
      3
     ],
     "destination": [
      "obj-19",
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
      "obj-28",
      0
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
      "obj-31",
      0
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
      "obj-34",
      0
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
   },
   {
    "patchline": {
     "source": [
      "obj-37",
      0
     ],
     "destination": [
      "obj-38",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-38",
      0
     ],
     "destination": [
      "obj-39",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-40",
      0
     ],
     "destination": [
      "obj-41",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-41",
      0
     ],
     "destination": [
      "obj-42",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-44",
      0
     ],
     "destination": [
      "obj-45",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-45",
      0
     ],
     "destination": [
      "obj-46",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-46",
      0
     ],
     "destination": [
      "obj-47",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-47",
      0
     ],
     "destination": [
      "obj-48",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-48",
      0
     ],
     "destination": [
      "obj-49",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-50",
      0
     ],
     "destination": [
      "obj-51",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-51",
      0
     ],
     "destination": [
      "obj-52",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-52",
      0
     ],
     "destination": [
      "obj-53",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-53",
      0
     ],
     "destination": [
      "obj-54",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-54",
      0
     ],
     "destination": [
      "obj-55",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-56",
      0
     ],
     "destination": [
      "obj-57",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-57",
      0
     ],
     "destination": [
      "obj-58",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-58",
      0
     ],
     "destination": [
      "obj-59",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-59",
      0
     ],
     "destination": [
      "obj-60",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-60",
      0
     ],
     "destination": [
      "obj-61",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-62",
      0
     ],
     "destination": [
      "obj-63",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-63",
      0
     ],
     "destination": [
      "obj-64",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-64",
      0
     ],
     "destination": [
      "obj-65",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-65",
      0
     ],
     "destination": [
      "obj-66",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-66",
      0
     ],
     "destination": [
      "obj-67",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-68",
      0
     ],
     "destination": [
      "obj-69",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-69",
      0
     ],
     "destination": [
      "obj-70",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-70",
      0
     ],
     "destination": [
      "obj-71",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-71",
      0
     ],
     "destination": [
      "obj-72",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-72",
      0
     ],
     "destination": [
      "obj-73",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-74",
      0
     ],
     "destination": [
      "obj-75",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-75",
      0
     ],
     "destination": [
      "obj-76",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-76",
      0
     ],
     "destination": [
      "obj-77",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-77",
      0
     ],
     "destination": [
      "obj-78",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-78",
      0
     ],
     "destination": [
      "obj-79",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-80",
      0
     ],
     "destination": [
      "obj-81",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-81",
      0
     ],
     "destination": [
      "obj-82",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-82",
      0
     ],
     "destination": [
      "obj-83",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-83",
      0
     ],
     "destination": [
      "obj-84",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-84",
      0
     ],
     "destination": [
      "obj-85",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-86",
      0
     ],
     "destination": [
      "obj-87",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-87",
      0
     ],
     "destination": [
      "obj-88",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-88",
      0
     ],
     "destination": [
      "obj-89",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-89",
      0
     ],
     "destination": [
      "obj-90",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-90",
      0
     ],
     "destination": [
      "obj-91",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-92",
      0
     ],
     "destination": [
      "obj-93",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-93",
      0
     ],
     "destination": [
      "obj-94",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-94",
      0
     ],
     "destination": [
      "obj-95",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-95",
      0
     ],
     "destination": [
      "obj-96",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-96",
      0
     ],
     "destination": [
      "obj-97",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-98",
      0
     ],
     "destination": [
      "obj-99",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-99",
      0
     ],
     "destination": [
      "obj-100",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-100",
      0
     ],
     "destination": [
      "obj-101",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-101",
      0
     ],
     "destination": [
      "obj-102",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-102",
      0
     ],
     "destination": [
      "obj-103",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-105",
      1
     ],
     "destination": [
      "obj-106",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-104",
      0
     ],
     "destination": [
      "obj-107",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-107",
      0
     ],
     "destination": [
      "obj-108",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-108",
      0
     ],
     "destination": [
      "obj-109",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-106",
      0
     ],
     "destination": [
      "obj-108",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-110",
      1
     ],
     "destination": [
      "obj-111",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-104",
      1
     ],
     "destination": [
      "obj-112",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-112",
      0
     ],
     "destination": [
      "obj-113",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-113",
      0
     ],
     "destination": [
      "obj-114",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-111",
      0
     ],
     "destination": [
      "obj-113",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-117",
      0
     ],
     "destination": [
      "obj-118",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-118",
      0
     ],
     "destination": [
      "obj-119",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-119",
      0
     ],
     "destination": [
      "obj-120",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-122",
      0
     ],
     "destination": [
      "obj-123",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-123",
      0
     ],
     "destination": [
      "obj-124",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-124",
      0
     ],
     "destination": [
      "obj-125",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-127",
      0
     ],
     "destination": [
      "obj-128",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-128",
      0
     ],
     "destination": [
      "obj-129",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-129",
      0
     ],
     "destination": [
      "obj-130",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-132",
      0
     ],
     "destination": [
      "obj-133",
      1
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-133",
      0
     ],
     "destination": [
      "obj-134",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-134",
      0
     ],
     "destination": [
      "obj-135",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-136",
      0
     ],
     "destination": [
      "obj-133",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-137",
      0
     ],
     "destination": [
      "obj-138",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-138",
      0
     ],
     "destination": [
      "obj-139",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-141",
      0
     ],
     "destination": [
      "obj-142",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-142",
      0
     ],
     "destination": [
      "obj-143",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-143",
      0
     ],
     "destination": [
      "obj-144",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-144",
      0
     ],
     "destination": [
      "obj-145",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-145",
      0
     ],
     "destination": [
      "obj-146",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-148",
      0
     ],
     "destination": [
      "obj-149",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-149",
      0
     ],
     "destination": [
      "obj-150",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-150",
      0
     ],
     "destination": [
      "obj-151",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-151",
      0
     ],
     "destination": [
      "obj-152",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-152",
      0
     ],
     "destination": [
      "obj-153",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-154",
      0
     ],
     "destination": [
      "obj-155",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-155",
      0
     ],
     "destination": [
      "obj-156",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-156",
      0
     ],
     "destination": [
      "obj-157",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-157",
      0
     ],
     "destination": [
      "obj-158",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-158",
      0
     ],
     "destination": [
      "obj-159",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-161",
      0
     ],
     "destination": [
      "obj-162",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-162",
      0
     ],
     "destination": [
      "obj-163",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-163",
      0
     ],
     "destination": [
      "obj-164",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-164",
      1
     ],
     "destination": [
      "obj-165",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-165",
      0
     ],
     "destination": [
      "obj-166",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-167",
      0
     ],
     "destination": [
      "obj-168",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-168",
      0
     ],
     "destination": [
      "obj-169",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-169",
      0
     ],
     "destination": [
      "obj-170",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-170",
      0
     ],
     "destination": [
      "obj-171",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-171",
      0
     ],
     "destination": [
      "obj-172",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-174",
      0
     ],
     "destination": [
      "obj-175",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-175",
      0
     ],
     "destination": [
      "obj-176",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-176",
      0
     ],
     "destination": [
      "obj-177",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-177",
      1
     ],
     "destination": [
      "obj-178",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-178",
      0
     ],
     "destination": [
      "obj-179",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-180",
      0
     ],
     "destination": [
      "obj-181",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-181",
      0
     ],
     "destination": [
      "obj-182",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-183",
      0
     ],
     "destination": [
      "obj-184",
      1
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-184",
      0
     ],
     "destination": [
      "obj-185",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-185",
      0
     ],
     "destination": [
      "obj-186",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-187",
      0
     ],
     "destination": [
      "obj-184",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-189",
      0
     ],
     "destination": [
      "obj-190",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-190",
      0
     ],
     "destination": [
      "obj-191",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-191",
      0
     ],
     "destination": [
      "obj-192",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-192",
      1
     ],
     "destination": [
      "obj-193",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-193",
      0
     ],
     "destination": [
      "obj-194",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-195",
      0
     ],
     "destination": [
      "obj-196",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-196",
      0
     ],
     "destination": [
      "obj-197",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-198",
      0
     ],
     "destination": [
      "obj-199",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-199",
      0
     ],
     "destination": [
      "obj-200",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-202",
      0
     ],
     "destination": [
      "obj-203",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-203",
      0
     ],
     "destination": [
      "obj-204",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-204",
      0
     ],
     "destination": [
      "obj-205",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-205",
      1
     ],
     "destination": [
      "obj-206",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-206",
      0
     ],
     "destination": [
      "obj-207",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-208",
      0
     ],
     "destination": [
      "obj-209",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-209",
      0
     ],
     "destination": [
      "obj-210",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-210",
      0
     ],
     "destination": [
      "obj-211",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-211",
      0
     ],
     "destination": [
      "obj-212",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-212",
      0
     ],
     "destination": [
      "obj-213",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-214",
      0
     ],
     "destination": [
      "obj-215",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-215",
      0
     ],
     "destination": [
      "obj-216",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-216",
      0
     ],
     "destination": [
      "obj-217",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-217",
      0
     ],
     "destination": [
      "obj-218",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-219",
      0
     ],
     "destination": [
      "obj-220",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-220",
      0
     ],
     "destination": [
      "obj-221",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-222",
      0
     ],
     "destination": [
      "obj-223",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-223",
      0
     ],
     "destination": [
      "obj-224",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-224",
      0
     ],
     "destination": [
      "obj-225",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-225",
      0
     ],
     "destination": [
      "obj-226",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-227",
      0
     ],
     "destination": [
      "obj-228",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-228",
      0
     ],
     "destination": [
      "obj-229",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-231",
      1
     ],
     "destination": [
      "obj-232",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-232",
      0
     ],
     "destination": [
      "obj-234",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-233",
      0
     ],
     "destination": [
      "obj-234",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-234",
      0
     ],
     "destination": [
      "obj-235",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-236",
      0
     ],
     "destination": [
      "obj-237",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-237",
      0
     ],
     "destination": [
      "obj-238",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-238",
      0
     ],
     "destination": [
      "obj-239",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-240",
      0
     ],
     "destination": [
      "obj-241",
      0
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-241",
      1
     ],
     "destination": [
      "obj-237",
      1
     ],
     "order": 0
    }
   },
   {
    "patchline": {
     "source": [
      "obj-241",
      0
     ],
     "destination": [
      "obj-237",
      0
     ],
     "order": 1
    }
   },
   {
    "patchline": {
     "source": [
      "obj-242",
      0
     ],
     "destination": [
      "obj-238",
      0
     ],
     "order": 0
    }
   }
  ],
  "dependency_cache": [],
  "autosave": 0,
  "title": "VAmEn",
  "parameters": {
   "obj-47": [
    "density",
    "density",
    0
   ],
   "obj-53": [
    "chop",
    "chop",
    0
   ],
   "obj-59": [
    "ghosts",
    "ghosts",
    0
   ],
   "obj-65": [
    "kick",
    "kick",
    0
   ],
   "obj-71": [
    "air",
    "air",
    0
   ],
   "obj-77": [
    "snare",
    "snare",
    0
   ],
   "obj-83": [
    "room",
    "room",
    0
   ],
   "obj-89": [
    "grit",
    "grit",
    0
   ],
   "obj-95": [
    "pc1",
    "pc1",
    0
   ],
   "obj-101": [
    "pc2",
    "pc2",
    0
   ],
   "obj-157": [
    "morph",
    "morph",
    0
   ],
   "obj-170": [
    "tempo",
    "tempo",
    0
   ],
   "obj-211": [
    "gain",
    "gain",
    0
   ],
   "parameterbanks": {
    "0": {
     "index": 0,
     "name": "",
     "parameters": [
      "density",
      "chop",
      "ghosts",
      "kick",
      "air",
      "snare",
      "room",
      "grit"
     ]
    },
    "1": {
     "index": 1,
     "name": "",
     "parameters": [
      "pc1",
      "pc2",
      "morph",
      "tempo",
      "gain",
      "-",
      "-",
      "-"
     ]
    }
   },
   "inherited_shortname": 1
  }
 }
}
