/**
 * The look of the console, as overrides of Cloudscape's design tokens.
 *
 * Why: the console borrows Cloudscape's components, not its looks. A deep sea-green accent, flatter containers and a font
 * stack that starts with faces drawn for Hangul make it recognisable, and every value is a token, so dark mode, density
 * and contrast keep working. The style sheet is generated from this file when the console is built (vite.config.ts), so
 * no script writes styles at run time and no font is fetched.
 */
const HANGUL_FIRST =
  "'Pretendard Variable', Pretendard, 'Apple SD Gothic Neo', 'Segoe UI', 'Malgun Gothic', 'Noto Sans KR', 'Noto Sans CJK KR', 'Source Han Sans K', 'Nanum Gothic', system-ui, sans-serif";
const MONOSPACE =
  "'JetBrains Mono', 'SFMono-Regular', Menlo, Consolas, 'D2Coding', 'NanumGothicCoding', 'Noto Sans Mono CJK KR', 'DejaVu Sans Mono', monospace";

const accent = { light: '#0a6a6f', dark: '#4fd0c7' };
const accentHover = { light: '#07484c', dark: '#86e3dc' };
const accentActive = { light: '#053a3d', dark: '#a9ede8' };
const onAccent = { light: '#ffffff', dark: '#06282b' };
const accentTint = { light: '#e7f4f3', dark: '#10302f' };

export const theme = {
  tokens: {
    fontFamilyBase: HANGUL_FIRST,
    fontFamilyHeading: HANGUL_FIRST,
    fontFamilyDisplay: HANGUL_FIRST,
    fontFamilyMonospace: MONOSPACE,

    colorBackgroundButtonPrimaryDefault: accent,
    colorBackgroundButtonPrimaryHover: accentHover,
    colorBackgroundButtonPrimaryActive: accentActive,
    colorTextButtonPrimaryDefault: onAccent,
    colorTextButtonPrimaryHover: onAccent,
    colorTextButtonPrimaryActive: onAccent,
    colorBorderButtonNormalDefault: accent,
    colorBorderButtonNormalHover: accentHover,
    colorBorderButtonNormalActive: accentActive,
    colorTextButtonNormalDefault: accent,
    colorTextButtonNormalHover: accentHover,
    colorTextButtonNormalActive: accentActive,
    colorBackgroundButtonNormalHover: accentTint,
    colorBackgroundButtonNormalActive: accentTint,
    colorTextLinkButtonNormalDefault: accent,
    colorTextLinkDefault: accent,
    colorTextLinkHover: accentHover,
    colorTextLinkDecorationDefault: accent,
    colorTextLinkDecorationHover: accentHover,
    colorTextAccent: accent,
    colorTextInteractiveHover: accentHover,
    colorBackgroundControlChecked: accent,
    colorForegroundControlDefault: onAccent,
    colorItemSelected: accent,
    colorBorderItemSelected: accent,
    colorBorderItemFocused: accent,
    colorBorderInputFocused: accent,
    colorBackgroundItemSelected: accentTint,
    colorBackgroundDropdownItemFilterMatch: accentTint,
    colorTextDropdownItemFilterMatch: accent,
    colorBackgroundSegmentActive: accent,
    colorTextSegmentActive: onAccent,
    colorTextSegmentHover: accentHover,
    colorBackgroundProgressBarValueDefault: accent,
    colorBackgroundToggleButtonNormalPressed: accentTint,
    colorTextToggleButtonNormalPressed: accent,
    colorBorderToggleButtonNormalPressed: accent,
    colorBackgroundLayoutToggleSelectedDefault: accent,
    colorBackgroundLayoutToggleSelectedHover: accentHover,

    colorBackgroundLayoutMain: { light: '#f6f8f8', dark: '#0f1517' },
    colorBackgroundContainerContent: { light: '#ffffff', dark: '#151d20' },
    colorBackgroundContainerHeader: { light: '#ffffff', dark: '#151d20' },
    colorBackgroundLayoutPanel: { light: '#ffffff', dark: '#121a1c' },
    colorBackgroundLayoutToolbar: { light: '#ffffff', dark: '#121a1c' },
    colorBorderDividerDefault: { light: '#d5dedd', dark: '#2c383b' },
    colorBorderLayout: { light: '#d5dedd', dark: '#2c383b' },

    borderRadiusContainer: '8px',
    borderRadiusButton: '6px',
    borderRadiusInput: '6px',
    borderRadiusAlert: '8px',
    borderRadiusFlashbar: '8px',
    borderRadiusBadge: '4px',
    borderRadiusDropdown: '8px',
    borderRadiusTiles: '8px',
    borderRadiusToken: '6px',
  },
};
