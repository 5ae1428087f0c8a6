/** The pages a person can go to by name: the navigation, the palette and the shortcuts all read this list. */
import type { IconProps } from '@cloudscape-design/components/icon';
import type { TextKey } from '../i18n';

export interface PageEntry {
  path: string;
  text: TextKey;
  section: TextKey;
  icon: IconProps.Name;
  /** Second key after `g`. */
  shortcut: string;
  /** Words people look for that are not in the title; matched in both languages. */
  also: string;
}

export const PAGES: PageEntry[] = [
  { path: '/', text: 'nav.overview', section: 'nav.fleet', icon: 'gen-ai', shortcut: 'o', also: 'home dashboard 홈 대시보드' },
  { path: '/nodes', text: 'nav.nodes', section: 'nav.fleet', icon: 'multiscreen', shortcut: 'n', also: 'fleet servers machines instances 서버 장비 인스턴스' },
  { path: '/activations', text: 'nav.addNode', section: 'nav.fleet', icon: 'add-plus', shortcut: 'a', also: 'enrol register activation install agent 등록 활성화 에이전트 설치' },
  { path: '/run', text: 'nav.run', section: 'nav.operate', icon: 'play', shortcut: 'r', also: 'send command script shell powershell 스크립트 셸 보내기' },
  { path: '/commands', text: 'nav.history', section: 'nav.operate', icon: 'history', shortcut: 'h', also: 'commands results output 결과 출력' },
  { path: '/documents', text: 'nav.documents', section: 'nav.operate', icon: 'file', shortcut: 'd', also: 'runbook ssm library 라이브러리' },
  { path: '/connections', text: 'nav.connections', section: 'nav.console', icon: 'share', shortcut: 'c', also: 'hub account aws region profile remote switch endpoint 허브 계정 리전 원격 전환 엔드포인트' },
  { path: '/settings', text: 'nav.settings', section: 'nav.console', icon: 'settings', shortcut: 's', also: 'theme dark language density notification 테마 다크 언어 밀도 알림' },
  { path: '/diagnostics', text: 'nav.diagnostics', section: 'nav.console', icon: 'bug', shortcut: 'l', also: 'log crash error report help 로그 오류 진단 도움말' },
];
