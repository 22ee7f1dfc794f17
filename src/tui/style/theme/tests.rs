//! Whether each theme can be read, in the palettes that terminals come with.

use super::*;
use crate::tui::fixture;

const TONES: [Tone; 10] = [
    Tone::Plain,
    Tone::Muted,
    Tone::Strong,
    Tone::Good,
    Tone::Warning,
    Tone::Bad,
    Tone::Unknown,
    Tone::Stopped,
    Tone::Key,
    Tone::Focus,
];

/// Red, green, blue, magenta, cyan, then the bright ones, bright black last: xterm, the VGA console, Tango, VS Code.
const TERMINALS: [(&str, [u32; 11]); 4] = [
    (
        "xterm",
        [
            0xcd_0000, 0x00_cd00, 0x00_00ee, 0xcd_00cd, 0x00_cdcd, 0xff_0000, 0x00_ff00, 0x5c_5cff,
            0xff_00ff, 0x00_ffff, 0x7f_7f7f,
        ],
    ),
    (
        "vga",
        [
            0xaa_0000, 0x00_aa00, 0x00_00aa, 0xaa_00aa, 0x00_aaaa, 0xff_5555, 0x55_ff55, 0x55_55ff,
            0xff_55ff, 0x55_ffff, 0x55_5555,
        ],
    ),
    (
        "tango",
        [
            0xcc_0000, 0x4e_9a06, 0x34_65a4, 0x75_507b, 0x06_989a, 0xef_2929, 0x8a_e234, 0x72_9fcf,
            0xad_7fa8, 0x34_e2e2, 0x55_5753,
        ],
    ),
    (
        "vscode",
        [
            0xcd_3131, 0x0d_bc79, 0x24_72c8, 0xbc_3fbc, 0x11_a8cd, 0xf1_4c4c, 0x23_d18b, 0x3b_8eea,
            0xd6_70d6, 0x29_b8db, 0x66_6666,
        ],
    ),
];

fn of(colours: &[u32; 11], colour: Color) -> [f64; 3] {
    let at = match colour {
        Color::Red => 0,
        Color::Green => 1,
        Color::Blue => 2,
        Color::Magenta => 3,
        Color::Cyan => 4,
        Color::LightRed => 5,
        Color::LightGreen => 6,
        Color::LightBlue => 7,
        Color::LightMagenta => 8,
        Color::LightCyan => 9,
        Color::DarkGray => 10,
        other => panic!("{other} is no colour for text"),
    };
    linear(colours[at])
}

fn linear(rgb: u32) -> [f64; 3] {
    [16, 8, 0].map(|shift| {
        let c = f64::from((rgb >> shift) & 0xff) / 255.0;
        if c <= 0.040_45 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    })
}

fn light(rgb: [f64; 3]) -> f64 {
    0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]
}

/// From 1 (the same) to 21 (black on white), as web pages are judged.
fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (light(a) + 0.05, light(b) + 0.05);
    a.max(b) / a.min(b)
}

#[test]
fn every_colour_can_be_read_on_its_background() {
    let (black, grey, white) = (0x00_0000, 0x1e_1e1e, 0xff_ffff);
    for (palette, grounds, least) in [
        (Palette::Dark, vec![black, grey], 3.9),
        (Palette::Light, vec![white], 3.9),
        (Palette::Deuteranopia, vec![black, white], 2.7),
    ] {
        let theme = Theme::default().with_palette(palette);
        for (terminal, colours) in &TERMINALS {
            for colour in TONES.into_iter().filter_map(|tone| theme.colour(tone)) {
                for ground in &grounds {
                    let contrast = contrast(of(colours, colour), linear(*ground));
                    assert!(
                        contrast >= least,
                        "{} in {terminal}: {colour} on {ground:06x} is {contrast:.2}",
                        palette.name()
                    );
                }
            }
        }
    }
}

/// As an eye without the receptors for green sees it: good and bad differ far more than red and green would.
#[test]
fn deuteranopes_tell_good_from_bad() {
    let seen = |c: [f64; 3]| {
        [
            0.367_322 * c[0] + 0.860_646 * c[1] - 0.227_968 * c[2],
            0.280_085 * c[0] + 0.672_501 * c[1] + 0.047_413 * c[2],
            -0.011_820 * c[0] + 0.042_940 * c[1] + 0.968_881 * c[2],
        ]
    };
    let theme = Theme::default().with_palette(Palette::Deuteranopia);
    let (good, bad) = (
        theme.colour(Tone::Good).unwrap(),
        theme.colour(Tone::Bad).unwrap(),
    );
    for (terminal, colours) in &TERMINALS {
        // Blueness against yellowness is the axis that is left.
        let hue = |colour| {
            let [r, g, b] = seen(of(colours, colour));
            b - f64::midpoint(r, g)
        };
        assert!(hue(good) - hue(bad) > 0.25, "{terminal}");
    }
}

#[test]
fn no_theme_uses_what_somebody_cannot_read() {
    for palette in Palette::ALL {
        let theme = Theme::default().with_palette(palette);
        for tone in TONES {
            let style = theme.style(tone);
            assert_eq!(style.bg, None);
            assert!(palette != Palette::Mono || style.fg.is_none());
            assert!(!matches!(
                style.fg,
                Some(Color::White | Color::Black | Color::Yellow | Color::LightYellow)
            ));
        }
        let states = [
            Tone::Good,
            Tone::Warning,
            Tone::Bad,
            Tone::Unknown,
            Tone::Stopped,
        ];
        for (i, tone) in states.iter().enumerate() {
            for other in states.iter().skip(i + 1) {
                let same = theme.style(*tone) == theme.style(*other);
                let by_weight = matches!(palette, Palette::Mono | Palette::Deuteranopia);
                assert!(
                    !same || by_weight,
                    "{tone:?} {other:?} in {}",
                    palette.name()
                );
            }
        }
    }
}

#[test]
fn the_strongest_wish_decides() {
    let env = |pairs: &'static [(&str, &str)]| {
        move |name: &str| {
            let of = |(key, value): &(&str, &str)| (*key == name).then(|| (*value).to_owned());
            pairs.iter().find_map(of)
        }
    };
    let plain = &[("TERM", "xterm"), ("LANG", "C.UTF-8")];
    let no_color = &[("TERM", "xterm"), ("NO_COLOR", "1")];
    let mut wishes = Wishes::default();
    let palette = |wishes, pairs| Theme::of(wishes, env(pairs)).palette();
    assert_eq!(palette(wishes, plain), Palette::Dark);
    wishes.remembered = Some(Palette::Light);
    assert_eq!(palette(wishes, plain), Palette::Light);
    wishes.preferred = Some(Palette::Deuteranopia);
    assert_eq!(palette(wishes, plain), Palette::Deuteranopia);
    assert_eq!(palette(wishes, no_color), Palette::Mono);
    assert_eq!(palette(wishes, &[("TERM", "dumb")]), Palette::Mono);
    assert_eq!(
        palette(wishes, &[("TERM", "x"), ("NO_COLOR", "")]),
        Palette::Deuteranopia
    );
    wishes.flag = Some(Palette::Light);
    assert_eq!(palette(wishes, no_color), Palette::Light);
    assert!(!Theme::of(wishes, env(plain)).ascii());
    assert!(Theme::of(wishes, env(&[("TERM", "linux"), ("LANG", "C.UTF-8")])).ascii());
    wishes.ascii = Some(false);
    assert!(!Theme::of(wishes, env(&[("TERM", "linux")])).ascii());
}

#[test]
fn a_key_turns_through_all_themes_and_a_name_chooses_one() {
    let mut model = fixture::model(fixture::healthy());
    let mut seen = Vec::new();
    for _ in Palette::ALL {
        choose(&mut model, "");
        seen.push(model.theme.palette().name());
    }
    assert_eq!(seen, ["light", "mono", "deuteranopia", "dark"]);
    choose(&mut model, " mono ");
    assert_eq!(model.theme.palette(), Palette::Mono);
    choose(&mut model, "solarized");
    assert_eq!(model.theme.palette(), Palette::Mono);
    assert_eq!(model.chosen_theme, Some(Palette::Mono));
    let told = model.notice.unwrap().text;
    assert_eq!(
        told,
        "there is no theme \"solarized\"; there are dark, light, mono, deuteranopia"
    );
}
