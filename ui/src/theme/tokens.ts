/**
 * The look of the console, as overrides of Cloudscape's design tokens.
 *
 * Why: the console borrows Cloudscape's components, not its looks. Around every page is a hull in the deep sea of the mark,
 * with brass where the eye is to go; on deck, sea green is for what can be done, and everything else is ink on paper. Every
 * value is a token, so dark mode, density and contrast keep working. The style sheet is generated from this file when the
 * console is built (vite.config.ts), so no script writes styles at run time and the first paint has its colours.
 */
const SANS =
  "Pretendard, 'Pretendard Variable', 'Apple SD Gothic Neo', 'Segoe UI', 'Malgun Gothic', 'Noto Sans KR', 'Noto Sans CJK KR', 'Source Han Sans K', 'Nanum Gothic', system-ui, sans-serif";
const MONOSPACE =
  "'JetBrains Mono', 'D2Coding Hangul', 'SFMono-Regular', Menlo, Consolas, D2Coding, 'NanumGothicCoding', 'Noto Sans Mono CJK KR', 'DejaVu Sans Mono', monospace";

const accent = { light: '#0a6a6f', dark: '#4fd0c7' };
const accentHover = { light: '#07484c', dark: '#86e3dc' };
const accentActive = { light: '#053a3d', dark: '#a9ede8' };
const onAccent = { light: '#ffffff', dark: '#06282b' };
const accentTint = { light: '#e3f2f1', dark: '#10302f' };

const ink = { light: '#10181a', dark: '#e8eeee' };
const inkSoft = { light: '#4d5b5e', dark: '#a5b4b6' };
const line = { light: '#d9e1e0', dark: '#2a3639' };
/** Edges of what can be pressed or typed into: 3 to 1 against their ground. */
const edge = { light: '#7b8f91', dark: '#6c7f82' };
const paper = { light: '#ffffff', dark: '#151d20' };
const raised = { light: '#ffffff', dark: '#1a2427' };
const hover = { light: '#eef3f3', dark: '#202b2e' };

const good = { light: '#14693a', dark: '#5fcf8f' };
const bad = { light: '#b3261e', dark: '#ff8a80' };
const warn = { light: '#8a5a00', dark: '#f2b84b' };
const news = { light: '#1f5fbf', dark: '#8fc4ff' };

const type = {
  fontFamilyBase: SANS,
  fontFamilyHeading: SANS,
  fontFamilyDisplay: SANS,
  fontFamilyMonospace: MONOSPACE,
  fontSizeHeadingXl: '24px',
  lineHeightHeadingXl: '32px',
  fontSizeHeadingL: '17px',
  lineHeightHeadingL: '24px',
  fontSizeHeadingM: '15px',
  lineHeightHeadingM: '22px',
  fontWeightHeadingXl: '700',
  fontWeightHeadingL: '700',
  fontWeightHeadingM: '700',
  letterSpacingHeadingXl: '-0.02em',
  letterSpacingHeadingL: '-0.01em',
  letterSpacingHeadingM: '0',
  fontWeightButton: '700',
  fontWeightKeyValuePairsLabel: '400',
  fontWeightBreadcrumbCurrent: '400',
  fontDecorationThicknessLink: '1px',
};

const buttons = {
  borderWidthButton: '1px',
  borderRadiusButton: '8px',
  colorBackgroundButtonPrimaryDefault: accent,
  colorBackgroundButtonPrimaryHover: accentHover,
  colorBackgroundButtonPrimaryActive: accentActive,
  colorBorderButtonPrimaryDefault: accent,
  colorBorderButtonPrimaryHover: accentHover,
  colorBorderButtonPrimaryActive: accentActive,
  colorTextButtonPrimaryDefault: onAccent,
  colorTextButtonPrimaryHover: onAccent,
  colorTextButtonPrimaryActive: onAccent,
  // Only the one thing a page is for is in colour: what stands beside it is ink.
  colorBackgroundButtonNormalDefault: raised,
  colorBorderButtonNormalDefault: edge,
  colorBorderButtonNormalHover: accent,
  colorBorderButtonNormalActive: accentActive,
  colorTextButtonNormalDefault: ink,
  colorTextButtonNormalHover: accentHover,
  colorTextButtonNormalActive: accentActive,
  colorBackgroundButtonNormalHover: accentTint,
  colorBackgroundButtonNormalActive: accentTint,
  colorTextButtonLinkDefault: ink,
  colorTextButtonLinkHover: accentHover,
  colorTextButtonLinkActive: accentActive,
  colorBackgroundButtonLinkHover: hover,
  colorBackgroundButtonLinkActive: accentTint,
  colorTextLinkButtonNormalDefault: accent,
  colorTextButtonInlineIconDefault: accent,
  colorTextButtonInlineIconHover: accentHover,
  colorBackgroundToggleButtonNormalPressed: accentTint,
  colorTextToggleButtonNormalPressed: accent,
  colorBorderToggleButtonNormalPressed: accent,
};

const text = {
  colorTextBodyDefault: ink,
  colorTextBodySecondary: inkSoft,
  colorTextHeadingDefault: ink,
  colorTextHeadingSecondary: inkSoft,
  colorTextLabel: inkSoft,
  colorTextFormLabel: ink,
  colorTextFormSecondary: inkSoft,
  colorTextCounter: inkSoft,
  colorTextEmpty: inkSoft,
  colorTextGroupLabel: inkSoft,
  colorTextBreadcrumbCurrent: inkSoft,
  colorTextAccent: accent,
  colorTextLinkDefault: accent,
  colorTextLinkHover: accentHover,
  colorTextLinkDecorationDefault: accent,
  colorTextLinkDecorationHover: accentHover,
  colorTextInteractiveDefault: inkSoft,
  colorTextInteractiveHover: accentHover,
  colorTextInteractiveActive: accentActive,
  colorTextStatusError: bad,
  colorTextStatusSuccess: good,
  colorTextStatusWarning: warn,
  colorTextStatusInfo: news,
};

const controls = {
  borderWidthField: '1px',
  colorBackgroundInputDefault: raised,
  colorBorderInputDefault: edge,
  colorBorderInputFocused: accent,
  colorBorderControlDefault: edge,
  colorBackgroundControlChecked: accent,
  colorForegroundControlDefault: onAccent,
  colorItemSelected: accent,
  colorBorderItemSelected: accent,
  colorBorderItemFocused: accent,
  colorBackgroundItemSelected: accentTint,
  colorBackgroundDropdownItemDefault: raised,
  colorBackgroundDropdownItemHover: hover,
  colorBackgroundDropdownItemFilterMatch: accentTint,
  colorTextDropdownItemFilterMatch: accent,
  colorBorderDropdownContainer: line,
  colorBackgroundSegmentActive: accent,
  colorTextSegmentActive: onAccent,
  colorTextSegmentHover: accentHover,
  colorBackgroundProgressBarValueDefault: accent,
  colorBackgroundLayoutToggleSelectedDefault: accent,
  colorBackgroundLayoutToggleSelectedHover: accentHover,
};

const surfaces = {
  colorBackgroundLayoutMain: { light: '#f6f8f8', dark: '#0f1517' },
  colorBackgroundContainerContent: paper,
  colorBackgroundContainerHeader: paper,
  colorBackgroundCellShaded: hover,
  colorBackgroundLayoutPanel: paper,
  colorBackgroundLayoutToolbar: paper,
  colorBackgroundPopover: raised,
  colorBackgroundDialogDefault: raised,
  colorBackgroundStatusError: { light: '#fdf1f0', dark: '#2b1516' },
  colorBackgroundStatusWarning: { light: '#fdf6e7', dark: '#2a2110' },
  colorBackgroundStatusSuccess: { light: '#eef8f1', dark: '#12261a' },
  colorBackgroundStatusInfo: { light: '#eef4fc', dark: '#122031' },
  colorBorderStatusError: bad,
  colorBorderStatusWarning: warn,
  colorBorderStatusSuccess: good,
  colorBorderStatusInfo: news,
  colorBackgroundFlashbarSuccess: { light: '#17683a', dark: '#17683a' },
  colorBackgroundFlashbarError: { light: '#a3221b', dark: '#a3221b' },
  colorBackgroundFlashbarInfo: { light: '#0b4a50', dark: '#0b4a50' },
  colorBackgroundFlashbarWarning: { light: '#f6c860', dark: '#f6c860' },
  colorBorderDividerDefault: line,
  colorBorderDividerSecondary: line,
  colorBorderContainerTop: line,
  colorBorderLayout: line,
  colorBorderPopover: line,
};

const shapes = {
  borderRadiusContainer: '12px',
  borderRadiusInput: '8px',
  borderRadiusAlert: '10px',
  borderRadiusFlashbar: '10px',
  borderRadiusBadge: '5px',
  borderRadiusDropdown: '10px',
  borderRadiusDialog: '14px',
  borderRadiusPopover: '10px',
  borderRadiusTiles: '10px',
  borderRadiusToken: '7px',
  borderRadiusItem: '7px',
  borderWidthAlert: '1px',
};

export const theme = { tokens: { ...type, ...text, ...buttons, ...controls, ...surfaces, ...shapes } };
